//! Bodies of requests: names of attributes in lower case, as SCIM does not tell `userName` from `username`, and each
//! of them once, so that nobody reads another value than we do.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A JSON object whose names are in lower case at every level.
#[derive(Clone, Debug)]
pub struct Body(pub Map<String, Value>);

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Node::deserialize(from)?.0 {
            Value::Object(object) => Ok(Self(object)),
            _ => Err(D::Error::custom("the body is no object")),
        }
    }
}

struct Node(Value);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Nodes).map(Self)
    }
}

struct Nodes;

impl<'de> Visitor<'de> for Nodes {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Node(item)) = from.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Node(value))) = from.next_entry::<String, Node>()? {
            let name = name.to_ascii_lowercase();
            if object.contains_key(&name) {
                let name: String = name.chars().take(super::TEXT_MAX).collect();
                return Err(A::Error::custom(format!("{name} is there twice")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Body, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn names_are_in_lower_case_and_there_once() {
        let body = read(r#"{"UserName":"Ana","Name":{"givenName":null},"n":[1,-1,1.5,true]}"#);
        let body = Value::Object(body.expect("a body").0);
        let same = serde_json::json!({"username": "Ana", "name": {"givenname": null}, "n": [1, -1, 1.5, true]});
        assert_eq!(body, same);
        for twice in [r#"{"a":1,"a":2}"#, r#"{"b":{"active":1,"Active":2}}"#] {
            let error = read(twice).expect_err("twice").to_string();
            assert!(error.contains("twice"), "{error}");
        }
        assert!(read("[]").is_err() && read("1").is_err() && read("").is_err());
        assert!(read(&format!("{{\"a\":{}", "[".repeat(5000))).is_err());
    }
}
