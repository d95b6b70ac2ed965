//! Exit codes and what is remembered of an upload.

mod upload;

use super::Failure;
use super::memory::Memory;
use crate::problem::ProblemBody;

fn refused(status: u16) -> Failure {
    Failure::Refused(Box::new(ProblemBody {
        r#type: "/problems#test".into(),
        title: "Test".into(),
        status,
        code: "test".into(),
        detail: "A test.".into(),
        errors: Vec::new(),
        instance: None,
        request_id: Some("r1".into()),
    }))
}

#[test]
fn each_failure_has_the_exit_code_programs_rely_on() {
    let title = |code: &str| Failure::Title {
        code: code.into(),
        message: "Why.".into(),
    };
    for (failure, code) in [
        (refused(404), 3),
        (refused(401), 4),
        (refused(413), 5),
        (refused(409), 6),
        (refused(503), 7),
        (refused(500), 1),
        (Failure::NoToken, 4),
        (title("not_video"), 5),
        (title("transcoder_crashed"), 1),
        (
            Failure::Unreachable {
                url: "http://127.0.0.1:1".into(),
                cause: "refused".into(),
            },
            7,
        ),
    ] {
        assert_eq!(failure.exit_code(), code, "{failure}");
    }
    assert!(
        refused(500).to_string().contains("r1"),
        "a 5xx names its request"
    );
    assert!(refused(503).is_passing() && !refused(500).is_passing());
}

#[test]
fn an_upload_is_remembered_for_the_same_file_name_and_server_only() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("clip.mp4");
    std::fs::write(&file, "one")?;
    let note = |server: &str| {
        std::fs::metadata(&file).map(|found| Memory::of(&file, &found, server, "Clip"))
    };
    let here = format!("http://{}", folder.path().display());
    let working = note(&here)?;
    let second = note(&here)?;
    second.keep("/api/v1/uploads/2");
    assert_eq!(working.recall(), None, "two at once do not share an upload");
    drop((working, second));
    note(&here)?.keep("/api/v1/uploads/1");
    assert_eq!(note(&here)?.recall().as_deref(), Some("/api/v1/uploads/1"));
    assert_eq!(note("http://elsewhere")?.recall(), None);
    std::fs::write(&file, "another")?;
    assert_eq!(note(&here)?.recall(), None, "the file changed");
    std::fs::write(&file, "one")?;
    note(&here)?.keep("https://elsewhere/steals-tokens");
    assert_eq!(note(&here)?.recall(), None, "an address of another server");
    note(&here)?.forget();
    Ok(())
}
