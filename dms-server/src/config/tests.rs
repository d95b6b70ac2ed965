//! The layers override one another in the stated order, and nothing unknown passes.

use super::*;

fn load(flags: &Flags, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = variables
        .iter()
        .map(|(k, v)| (k.to_string(), v.to_string()));
    layers::load(flags, variables.collect::<Vec<_>>().into_iter())
}

fn file(text: &str) -> (tempfile::TempDir, Flags) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("dms.toml");
    std::fs::write(&path, text).expect("the file is written");
    (
        folder,
        Flags {
            config: Some(path),
            ..Flags::default()
        },
    )
}

#[test]
fn a_rendered_configuration_reads_back_the_same() {
    let config = Config::in_folder(Path::new("/srv/dms"));
    let parsed: Config = toml::from_str(&config.show()).expect("it parses");
    assert_eq!(parsed, config);
}

#[test]
fn each_layer_overrides_the_one_below() {
    let (_folder, mut flags) = file("[public]\nlisten = \"127.0.0.1:1\"\nmax_connections = 7\n");
    let only_file = load(&flags, &[]).expect("valid");
    assert_eq!(only_file.public.listen.port(), 1);
    assert_eq!(
        only_file.device,
        Device::default(),
        "other topics keep their defaults"
    );

    let env = [("DMS_PUBLIC_LISTEN", "127.0.0.1:2")];
    let with_env = load(&flags, &env).expect("valid");
    assert_eq!(with_env.public.listen.port(), 2);
    assert_eq!(
        with_env.public.max_connections, 7,
        "the file's other keys stay"
    );

    flags.set = vec!["public.listen=127.0.0.1:3".into()];
    assert_eq!(load(&flags, &env).expect("valid").public.listen.port(), 3);
}

#[test]
fn unknown_keys_and_wrong_types_name_the_place() {
    let (_folder, flags) = file("[public]\nlissten = 1\n");
    let message = load(&flags, &[]).expect_err("unknown key").to_string();
    assert!(
        message.contains("lissten") && message.contains("dms.toml"),
        "{message}"
    );

    let message = load(&Flags::default(), &[("DMS_MEDIA_JOBS", "many")])
        .expect_err("not a number")
        .to_string();
    assert!(
        message.contains("DMS_MEDIA_JOBS") && message.contains("integer"),
        "{message}"
    );

    let message = load(&Flags::default(), &[("DMS_MEDIA_JBOS", "1")])
        .expect_err("unknown field")
        .to_string();
    assert!(
        message.contains("jobs"),
        "it lists the fields there are: {message}"
    );
}

#[test]
fn variables_of_other_programs_are_ignored() {
    let config = load(
        &Flags::default(),
        &[("DMS_SERVICE_HOST", "x"), ("DMS_TOKEN", "x")],
    );
    assert_eq!(config.expect("valid").public, Public::default());
}

#[test]
fn plain_http_is_refused_beyond_loopback() {
    let flags = Flags {
        set: vec!["public.listen=0.0.0.0:80".into()],
        ..Flags::default()
    };
    assert!(load(&flags, &[]).is_err());
    let behind_proxy = Flags {
        set: vec![
            "public.listen=0.0.0.0:80".into(),
            "public.origin=https://v.example".into(),
        ],
        ..Flags::default()
    };
    assert!(load(&behind_proxy, &[]).is_ok());
}

#[test]
fn what_would_fail_every_job_is_refused_at_the_start() {
    for set in [
        "media.segment_ms=0",
        "media.segment_ms=30000",
        "media.job_memory_bytes=1000",
        "media.job_timeout_s=0",
        "media.upload_hours=0",
        "media.license_hours=0",
    ] {
        let flags = Flags {
            set: vec![set.into()],
            ..Flags::default()
        };
        let said = load(&flags, &[]).expect_err(set).to_string();
        let (key, _) = set.split_once('=').expect("an assignment");
        assert!(said.starts_with(key), "{said}");
    }
}

#[test]
fn subnets_that_are_opened_are_a_list_of_subnets() {
    let open = |text: &str| load(&Flags::default(), &[("DMS_EGRESS_ALLOW", text)]);
    let opened = open("10.20.0.0/16, fd00:20::/32").expect("valid");
    assert_eq!(opened.egress.allow, ["10.20.0.0/16", "fd00:20::/32"]);
    assert!(open("").expect("valid").egress.allow.is_empty());
    let (_folder, flags) = file("[egress]\nallow = [\"10.0.0.0/8\"]\n");
    let from_file = load(&flags, &[]).expect("valid");
    assert_eq!(from_file.egress.allow, ["10.0.0.0/8"]);
    for (text, words) in [
        ("10.20.0.1/16", "did you mean"),
        ("intranet", "10.20.0.0/16"),
    ] {
        let said = open(text).expect_err(text).to_string();
        assert!(
            said.starts_with("egress.allow") && said.contains(words),
            "{said}"
        );
    }
}

#[test]
fn an_identity_provider_that_cannot_work_is_refused_at_the_start() {
    let good = [
        "oidc.issuer=https://login.example.com",
        "oidc.client_id=dms",
        "oidc.roles=dms-admins=owner, staff=viewer",
    ];
    let with = |more: &str| {
        let set = good.iter().copied().chain([more]).map(str::to_owned);
        let flags = Flags {
            set: set.collect(),
            ..Flags::default()
        };
        load(&flags, &[])
    };
    let config = with("oidc.name=ACME").expect("valid");
    assert_eq!(config.oidc.roles, ["dms-admins=owner", "staff=viewer"]);
    for set in [
        "oidc.issuer=login.example.com",
        "oidc.issuer=https://login.example.com?x",
        "oidc.client_id=",
        "oidc.scopes=profile",
        "oidc.roles=dms-admins",
        "oidc.roles=dms-admins=king",
        "oidc.roles==owner",
    ] {
        let said = with(set).expect_err(set).to_string();
        let (key, _) = set.split_once('=').expect("an assignment");
        assert!(said.starts_with(key), "{said}");
    }
}

#[test]
fn a_database_password_is_not_shown() {
    let mut config = Config::in_folder(Path::new("/srv/dms"));
    config.database.url = "postgres://dms:hunter2@db/dms".into();
    assert!(!config.show().contains("hunter2"));
}
