#!/usr/bin/env python3
"""Takes every chunk of a title from this PC's agent and checks each against its name, without opening any.

    row.py TOKEN_FILE TITLE      prints the bytes that came, and those of distinct names expected
"""
import hashlib
import http.client
import json
import sys

HEAD = 37


def read_exactly(answer, length):
    parts = []
    while length:
        part = answer.read(length)
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def main():
    token_file, title = sys.argv[1:]
    with open(token_file) as file:
        headers = {"Authorization": f"Bearer {file.read().strip()}"}
    connection = http.client.HTTPConnection("127.0.0.1", 7747, timeout=30)
    connection.request("POST", f"/v1/titles/{title}/fetch", headers=headers)
    answer = connection.getresponse()
    if answer.status != 200:
        sys.exit(f"the agent answers {answer.status}: {json.loads(answer.read() or b'{}').get('detail')}")
    good, whole = 0, 0
    while True:
        head = read_exactly(answer, HEAD)
        if head is None:
            break
        length = int.from_bytes(head[32:36], "big")
        bytes_ = read_exactly(answer, length)
        if bytes_ is None:
            sys.exit("the answer broke off")
        whole += length
        if length and hashlib.sha256(bytes_).digest() == head[:32]:
            good += length
    print(good, whole)


if __name__ == "__main__":
    main()
