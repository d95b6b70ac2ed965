//! People, groups, sites, titles and collections by what people call them, or by id.

use std::path::Path;

use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Client, Failure};
use crate::page::Page;
use crate::people::groups::routes::Group;
use crate::people::routes::Person;

/// Pages of 500 that are read to find a name.
const PAGES_MAX: usize = 200;
/// Names that are told when one is not there.
const TOLD_MAX: usize = 10;

/// Something with an id and a name.
#[derive(Clone, Debug, Deserialize)]
pub struct Named {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    #[serde(alias = "title")]
    pub name: String,
}

/// Every item of a list.
///
/// # Errors
/// As [`Client::get`].
pub async fn all<T: DeserializeOwned>(client: &Client, path: &str) -> Result<Vec<T>, Failure> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    for _ in 0..PAGES_MAX {
        let page: Page<T> = client.get(&format!("{path}?limit=500{cursor}")).await?;
        items.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    Ok(items)
}

/// A person by sign-in name or id.
///
/// # Errors
/// [`Failure::Missing`] that names people who are called almost so.
pub async fn person(client: &Client, who: &str) -> Result<Person, Failure> {
    if let Ok(id) = who.parse::<Uuid>() {
        return client.get(&format!("/api/v1/people/{id}")).await;
    }
    let request = client.request(Method::GET, "/api/v1/people");
    let found: Result<Page<Person>, _> = client.json(request.query(&[("login", who)])).await;
    let found = found.map_err(|failure| needs_id(failure, who))?;
    if let Some(person) = found.items.into_iter().next() {
        return Ok(person);
    }
    let some: Page<Person> = client.get("/api/v1/people?limit=500").await?;
    let names = some.items.iter().flat_map(|p| [&p.login, &p.name]);
    let like = alike(who, names.map(String::as_str));
    Err(missing(
        "person who signs in as",
        who,
        &like,
        "dms people list",
    ))
}

/// The id of a person; one that is given is taken as it is, also from who may not look people up.
///
/// # Errors
/// As [`person`].
pub async fn person_id(client: &Client, who: &str) -> Result<Uuid, Failure> {
    match who.parse() {
        Ok(id) => Ok(id),
        Err(_) => person(client, who).await.map(|person| person.id),
    }
}

/// A group by name or id.
///
/// # Errors
/// [`Failure::Missing`] that names those there are.
pub async fn group(client: &Client, name: &str) -> Result<Group, Failure> {
    if let Ok(id) = name.parse::<Uuid>() {
        return client.get(&format!("/api/v1/groups/{id}")).await;
    }
    let groups: Result<Vec<Group>, _> = all(client, "/api/v1/groups").await;
    let groups = groups.map_err(|failure| needs_id(failure, name))?;
    let names: Vec<&str> = groups.iter().map(|g| g.name.as_str()).collect();
    let like = alike(name, names.iter().copied());
    let like = if like.is_empty() { names } else { like };
    let unknown = missing("group", name, &like, "dms groups list");
    let found = groups.iter().position(|g| g.name == name);
    let found = found.and_then(|at| groups.into_iter().nth(at));
    found.ok_or(unknown)
}

/// The id of a group; see [`person_id`].
///
/// # Errors
/// As [`group`].
pub async fn group_id(client: &Client, name: &str) -> Result<Uuid, Failure> {
    match name.parse() {
        Ok(id) => Ok(id),
        Err(_) => group(client, name).await.map(|group| group.id),
    }
}

/// The id of a site, a title or a collection.
///
/// # Errors
/// [`Failure::Missing`] that names those there are, [`Failure::Input`] when several have the name.
pub async fn id_of(client: &Client, kind: &Kind, name: &str) -> Result<Uuid, Failure> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let found: Vec<Named> = all(client, kind.path).await?;
    let same: Vec<&Named> = found.iter().filter(|n| n.name == name).collect();
    match same.as_slice() {
        [one] => Ok(one.id),
        [] => {
            let names = found.iter().map(|n| n.name.as_str());
            let like = alike(name, names.clone());
            let like = if like.is_empty() {
                names.collect()
            } else {
                like
            };
            Err(missing(kind.name, name, &like, kind.list))
        }
        several => {
            let ids: Vec<_> = several.iter().map(|n| n.id.to_string()).collect();
            let (kind, ids) = (kind.name, ids.join(", "));
            Err(Failure::Input(format!(
                "more than one {kind} is called {name}; give one of the ids {ids}"
            )))
        }
    }
}

/// A kind of thing with names.
pub struct Kind {
    name: &'static str,
    path: &'static str,
    list: &'static str,
}

/// Offices.
pub const SITE: Kind = Kind {
    name: "site",
    path: "/api/v1/sites",
    list: "dms admin site list",
};
/// Titles.
pub const TITLE: Kind = Kind {
    name: "title",
    path: "/api/v1/titles",
    list: "dms titles",
};
/// Collections.
pub const COLLECTION: Kind = Kind {
    name: "collection",
    path: "/api/v1/collections",
    list: "dms plans list",
};

/// Whoever may not look names up can still give ids.
fn needs_id(failure: Failure, name: &str) -> Failure {
    match failure {
        Failure::Refused(problem) if problem.status == 403 => {
            let why = &problem.detail;
            Failure::Input(format!(
                "{name} is a name, and you may not look names up: give the id. {why}"
            ))
        }
        other => other,
    }
}

fn missing(kind: &str, name: &str, like: &[&str], list: &str) -> Failure {
    let like: Vec<&str> = like.iter().take(TOLD_MAX).copied().collect();
    let like = match like.join(", ") {
        none if none.is_empty() => String::new(),
        some => format!("; there are: {some}"),
    };
    Failure::Missing(format!(
        "there is no {kind} {name}{like} ({list} shows all)"
    ))
}

/// Names that one could have meant: those that contain it, begin alike, or are two letters away.
fn alike<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = name.to_lowercase();
    let start: String = wanted.chars().take(3).collect();
    let is_like = |other: &&str| {
        let other = other.to_lowercase();
        let before_at = other.split('@').next().unwrap_or_default();
        other.contains(&wanted)
            || (!start.is_empty() && other.starts_with(&start))
            || (start.len() > 2 && letters_apart(&wanted, before_at) <= 2)
    };
    all.filter(is_like).collect()
}

/// How many letters must be added, taken away or changed to make one of the other (Levenshtein).
fn letters_apart(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.chars().enumerate() {
        let mut next = vec![above + 1];
        for ((c, before), (left_above, up)) in other
            .iter()
            .zip(0..)
            .zip(row.iter().zip(row.iter().skip(1)))
        {
            let left = next.get(before).copied().unwrap_or_default();
            let changed = left_above + usize::from(*c != letter);
            next.push(changed.min(left + 1).min(up + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// The text of a file, or of standard input for `-`; at most so many bytes.
///
/// # Errors
/// [`Failure::File`], or [`Failure::Input`] when it is longer.
pub fn text_of(path: &Path, longest: u64) -> Result<String, Failure> {
    use std::io::Read;
    let failed = |source| Failure::File {
        path: path.to_path_buf(),
        source,
    };
    let mut text = String::new();
    let read: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(path).map_err(failed)?)
    };
    let mut read = read.take(longest + 1);
    read.read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > longest {
        let path = path.display();
        return Err(Failure::Input(format!(
            "{path} is longer than {longest} bytes"
        )));
    }
    Ok(text)
}

/// A password from a file: its first line.
///
/// # Errors
/// As [`text_of`].
pub fn password(path: &Path) -> Result<String, Failure> {
    let text = text_of(path, 8192)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        let path = path.display();
        return Err(Failure::Input(format!(
            "{path} holds no password in its first line"
        )));
    }
    Ok(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_could_have_meant_is_told() {
        let names = ["ana@example.com", "anna", "ben", "Board"];
        let like = |name| alike(name, names.iter().copied());
        assert_eq!(like("ana"), ["ana@example.com", "anna"]);
        assert_eq!(like("anne"), ["ana@example.com", "anna"]);
        assert_eq!(like("board"), ["Board"]);
        assert_eq!(like("baord"), ["Board"]);
        assert!(like("zoeline").is_empty() && like("").len() == 4);
        for (one, other, apart) in [("anna", "ana", 1), ("ana", "", 3), ("kitten", "sitting", 3)] {
            assert_eq!(letters_apart(one, other), apart);
            assert_eq!(letters_apart(other, one), apart);
        }
    }
}
