//! Playlists against what RFC 8216 requires.

use super::*;
use crate::content::sample;

fn lines(playlist: &str) -> Vec<&str> {
    assert!(playlist.ends_with('\n'));
    playlist.lines().collect()
}

#[test]
fn a_master_playlist_names_every_rendition() {
    let text = master_playlist(&sample::video(), Sealing::Floe1).unwrap();
    let expected = "#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-SESSION-DATA:DATA-ID=\"dms.sealing\",VALUE=\"floe1\"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"en\",LANGUAGE=\"en\",\
     DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"5/3/index.m3u8\"
#EXT-X-STREAM-INF:BANDWIDTH=928000,AVERAGE-BANDWIDTH=835200,CODECS=\"avc1.64001e,mp4a.40.2\",\
     RESOLUTION=640x360,FRAME-RATE=29.970,AUDIO=\"audio\"
5/1/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=6128000,AVERAGE-BANDWIDTH=5515200,CODECS=\"avc1.640028,mp4a.40.2\",\
     RESOLUTION=1920x1080,FRAME-RATE=29.970,AUDIO=\"audio\"
5/2/index.m3u8
";
    assert_eq!(text, expected);
    let clear = master_playlist(&sample::video(), Sealing::Clear).unwrap();
    assert!(!clear.contains("SESSION-DATA"));
}

#[test]
fn a_media_playlist_is_a_finished_vod_playlist_with_its_header_mapped() {
    let text = media_playlist(&sample::video(), TrackId(1), Breaks::Hidden).unwrap();
    let expected = "#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:1
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI=\"0.m4s\"
#EXTINF:4.000000,
1.m4s
#EXTINF:4.000000,
2.m4s
#EXTINF:2.000000,
3.m4s
#EXT-X-ENDLIST
";
    assert_eq!(text, expected);
}

#[test]
fn no_segment_rounds_to_more_than_the_target_duration() {
    // Durations around the rounding edge, at a timescale that divides nothing evenly.
    for (ticks, target) in [
        (120_120, 4),
        (135_134, 5),
        (135_135, 5),
        (134_984, 4),
        (1, 1),
    ] {
        let mut manifest = sample::video();
        manifest.tracks[0].timescale = 30_000;
        for segment in manifest.tracks[0].segments.iter_mut().skip(1) {
            segment.duration = ticks;
        }
        let text = media_playlist(&manifest, TrackId(1), Breaks::Hidden).unwrap();
        assert!(
            text.contains(&format!("#EXT-X-TARGETDURATION:{target}\n")),
            "{ticks}: {text}"
        );
        for line in lines(&text) {
            let Some(seconds) = line.strip_prefix("#EXTINF:") else {
                continue;
            };
            let seconds: f64 = seconds.trim_end_matches(',').parse().unwrap();
            assert!(seconds.round() <= f64::from(target), "{seconds} > {target}");
        }
    }
}

#[test]
fn sound_alone_is_played_as_a_variant() {
    let mut manifest = sample::video();
    manifest.tracks = vec![sample::audio(1, "en")];
    let text = master_playlist(&manifest, Sealing::Clear).unwrap();
    assert!(!text.contains("EXT-X-MEDIA"), "{text}");
    assert!(text.contains(
        "#EXT-X-STREAM-INF:BANDWIDTH=128000,AVERAGE-BANDWIDTH=115200,CODECS=\"mp4a.40.2\"\n5/1/index.m3u8\n"
    ));
    assert!(
        media_playlist(&manifest, TrackId(1), Breaks::Hidden)
            .unwrap()
            .contains("#EXT-X-MAP")
    );
}

#[test]
fn languages_without_video_are_renditions_of_one_variant() {
    let mut manifest = sample::video();
    manifest.tracks = vec![
        sample::audio(1, "en"),
        sample::audio(2, "fr"),
        sample::audio(3, "und"),
    ];
    let text = master_playlist(&manifest, Sealing::Clear).unwrap();
    let text = lines(&text);
    let media: Vec<_> = text
        .iter()
        .filter(|l| l.starts_with("#EXT-X-MEDIA:"))
        .collect();
    assert_eq!(media.len(), 3);
    assert_eq!(
        media.iter().filter(|l| l.contains("DEFAULT=YES")).count(),
        1
    );
    assert!(media[1].contains("LANGUAGE=\"fr\"") && media[1].contains("NAME=\"fr (2)\""));
    assert!(
        !media[2].contains("LANGUAGE="),
        "an unknown language is not claimed"
    );
    let streams: Vec<_> = text
        .iter()
        .filter(|l| l.starts_with("#EXT-X-STREAM-INF"))
        .collect();
    assert_eq!(streams.len(), 1);
    assert!(streams[0].contains("AUDIO=\"audio\""));
}

#[test]
fn subtitles_are_a_group_that_every_variant_names() {
    let mut manifest = sample::video();
    let kind = TrackKind::Subtitle {
        language: "en".into(),
    };
    manifest.tracks.push(sample::track(4, kind, "wvtt", 1000));
    let text = master_playlist(&manifest, Sealing::Clear).unwrap();
    assert!(
        text.contains(
            "TYPE=SUBTITLES,GROUP-ID=\"subtitles\",NAME=\"en\",LANGUAGE=\"en\",DEFAULT=NO"
        )
    );
    let streams = text.lines().filter(|l| l.starts_with("#EXT-X-STREAM-INF"));
    assert!(streams.clone().count() == 2 && streams.clone().all(|l| l.contains("SUBTITLES=")));
}

#[test]
fn a_silent_video_names_no_audio_group() {
    let mut manifest = sample::video();
    manifest.tracks.truncate(1);
    let text = master_playlist(&manifest, Sealing::Clear).unwrap();
    assert!(!text.contains("AUDIO") && text.contains("CODECS=\"avc1.64001e\""));
}

#[test]
fn what_cannot_play_has_no_playlist() {
    let file = sample::file();
    assert_eq!(
        master_playlist(&file, Sealing::Clear),
        Err(HlsError::NotPlayable)
    );
    assert_eq!(
        media_playlist(&file, TrackId(1), Breaks::Hidden),
        Err(HlsError::NotPlayable)
    );
    let no_track = media_playlist(&sample::video(), TrackId(9), Breaks::Hidden);
    assert_eq!(no_track, Err(HlsError::NoTrack(TrackId(9))));
}
