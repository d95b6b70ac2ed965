/** The renditions that a master playlist lists. Pure. */

export interface Rendition {
  readonly width: number | null;
  readonly height: number | null;
  readonly frameRate: number | null;
  /** Bits per second: at its most, and on average where that is said. */
  readonly peak: number;
  readonly average: number | null;
  readonly codecs: readonly string[];
}

export interface Sound {
  readonly name: string;
  readonly language: string | null;
}

/** The attributes of a playlist's tag; quoted values may have commas. */
function attributes(text: string): Map<string, string> {
  const found = [...text.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))/g)];
  return new Map(found.map(([, name = '', quoted, plain]) => [name, quoted ?? plain ?? '']));
}

/** The pictures of a master playlist, the largest first, and its sound. */
export function readMaster(playlist: string): { pictures: Rendition[]; sounds: Sound[] } {
  const lines = playlist.split(/\r?\n/);
  const of = (tag: string) => lines.filter((line) => line.startsWith(tag)).map((line) => attributes(line.slice(tag.length)));
  const number = (text: string | undefined) => (text === undefined || Number.isNaN(Number(text)) ? null : Number(text));
  const pictures = of('#EXT-X-STREAM-INF:').map((found) => {
    const [width, height] = (found.get('RESOLUTION') ?? '').split('x').map(Number);
    return {
      width: width || null,
      height: height || null,
      frameRate: number(found.get('FRAME-RATE')),
      peak: number(found.get('BANDWIDTH')) ?? 0,
      average: number(found.get('AVERAGE-BANDWIDTH')),
      codecs: (found.get('CODECS') ?? '').split(',').filter(Boolean),
    };
  });
  const sounds = of('#EXT-X-MEDIA:')
    .filter((found) => found.get('TYPE') === 'AUDIO')
    .map((found) => ({ name: found.get('NAME') ?? '', language: found.get('LANGUAGE') ?? null }));
  return { pictures: pictures.sort((a, b) => b.peak - a.peak), sounds };
}
