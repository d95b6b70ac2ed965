//! Who a token is about, in this server's words.

use serde_json::{Map, Value};

use crate::auth::{Role, Roles};
use crate::config;
use crate::people;

/// What a token or the provider says of a person.
pub type Claims = Map<String, Value>;

/// The most groups of a person that are taken over. The mapping to roles sees all that the token has.
pub const GROUPS_MAX: usize = 200;

/// The longest name of a group, bytes.
const GROUP_MAX: usize = 150;

/// The longest name, address and department that are taken, characters.
const TEXT_MAX: usize = 200;

/// Which group gives which role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping(Vec<(String, Role)>);

impl Mapping {
    /// Reads `GROUP=ROLE` lines. The group may have `=` in it, as the names of an LDAP directory do.
    ///
    /// # Errors
    /// What is wrong with which line.
    pub fn parse(lines: &[String]) -> Result<Self, String> {
        let read = |line: &String| {
            let (group, role) = line.rsplit_once('=').unwrap_or_default();
            let group = group.trim();
            if group.is_empty() {
                return Err(format!(
                    "`{line}` is not GROUP=ROLE, such as dms-admins=owner"
                ));
            }
            let role = Role::of_name(role.trim()).ok_or_else(|| {
                let names: Vec<_> = Role::ALL.iter().map(|role| role.name()).collect();
                format!("`{line}` names no role; there are {}", names.join(", "))
            })?;
            Ok((group.to_owned(), role))
        };
        lines.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The roles of who is in these groups: a viewer at least. `None`: no group gives any, so that roles
    /// are given here and not in the directory.
    #[must_use]
    pub fn roles(&self, groups: &[String]) -> Option<Roles> {
        if self.0.is_empty() {
            return None;
        }
        let given = self.0.iter().filter(|(group, _)| groups.contains(group));
        let given = given.map(|(_, role)| *role);
        Some(given.chain([Role::Viewer]).collect())
    }
}

/// A person as the provider describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider's own, lasting name of the person.
    pub subject: String,
    /// What they sign in as.
    pub login: String,
    /// What people call them.
    pub name: String,
    /// Their address; empty when it is not told.
    pub email: String,
    /// Where their usage is counted; empty when it is not told.
    pub department: String,
    /// Their groups, sorted; `None` when the provider only says that there are too many to tell.
    pub groups: Option<Vec<String>>,
}

impl Identity {
    /// Reads the claims; `None` when none of them makes a sign-in name.
    #[must_use]
    pub fn read(config: &config::Oidc, claims: &Claims) -> Option<Self> {
        // As it is, to the last character: a part of it, or a tidier spelling, may be somebody else.
        let subject = claims.get("sub")?.as_str()?.to_owned();
        let email = text(claims, "email");
        // An address that the provider did not check may be somebody else's.
        let unchecked = claims.get("email_verified") == Some(&Value::Bool(false));
        let by_email = if unchecked { "" } else { email.as_str() };
        let logins = [text(claims, &config.login_claim), by_email.to_owned()];
        let mut logins = logins.into_iter().chain([subject.clone()]);
        let login = logins.find_map(|login| people::login_of(&login))?;
        let name = text(claims, "name");
        let name = if name.is_empty() { login.clone() } else { name };
        Some(Self {
            subject,
            login,
            name,
            email,
            department: text(claims, &config.department_claim),
            groups: groups(config, claims),
        })
    }

    /// Whether the provider has to be asked for more than the ID token tells.
    #[must_use]
    pub fn is_thin(config: &config::Oidc, claims: &Claims) -> bool {
        !claims.contains_key(&config.login_claim)
            || !(claims.contains_key(&config.groups_claim) || untold(config, claims))
    }
}

/// Whether there are groups that the token has no room for, as Entra says it.
fn untold(config: &config::Oidc, claims: &Claims) -> bool {
    let elsewhere = claims.get("_claim_names").and_then(Value::as_object);
    elsewhere.is_some_and(|names| names.contains_key(&config.groups_claim))
        || claims.get("hasgroups") == Some(&Value::Bool(true))
}

fn groups(config: &config::Oidc, claims: &Claims) -> Option<Vec<String>> {
    let named = match claims.get(&config.groups_claim) {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one.as_str()],
        _ if untold(config, claims) => return None,
        _ => Vec::new(),
    };
    let fits = |name: &&str| {
        !name.is_empty() && name.len() <= GROUP_MAX && !name.chars().any(char::is_control)
    };
    let mut groups: Vec<_> = named
        .into_iter()
        .map(str::trim)
        .filter(fits)
        .map(str::to_owned)
        .collect();
    groups.sort_unstable();
    groups.dedup();
    Some(groups)
}

/// A claim as a text that people can read: without control characters, and not too long.
fn text(claims: &Claims, name: &str) -> String {
    let text = claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let readable = text.trim().chars().filter(|c| !c.is_control());
    readable.take(TEXT_MAX).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(claims: Value) -> Option<Identity> {
        let claims = claims.as_object().expect("an object").clone();
        Identity::read(&config::Oidc::default(), &claims)
    }

    #[test]
    fn a_sign_in_name_comes_from_the_first_claim_that_makes_one() {
        let login = |claims| read(claims).expect("a name").login;
        let all = json!({"sub": "1", "email": "a@x", "preferred_username": "Ana"});
        assert_eq!(login(all), "ana");
        assert_eq!(login(json!({"sub": "1", "email": "A@x"})), "a@x");
        let unchecked = json!({"sub": "1", "email": "a@x", "email_verified": false});
        assert_eq!(login(unchecked), "1");
        let spaced = json!({"sub": "1", "preferred_username": "Ana Lima"});
        assert_eq!(login(spaced), "1");
        assert!(read(json!({"sub": "a b"})).is_none());
        let odd = read(json!({"sub": "1", "name": "A\u{7}na\n"})).expect("read");
        assert_eq!(odd.name, "Ana");
        let subjects = ["x".repeat(255), " 1".into(), "1 ".into()];
        for subject in subjects {
            let named = json!({"sub": subject, "preferred_username": "ana"});
            assert_eq!(read(named).expect("read").subject, subject);
        }
        let long = read(json!({"sub": "1", "name": "x".repeat(999)})).expect("read");
        assert_eq!(long.name.len(), TEXT_MAX);
    }

    #[test]
    fn groups_are_read_as_list_or_text_and_too_many_are_not_none() {
        let groups = |claims| read(claims).expect("read").groups;
        let list = json!({"sub": "1", "groups": ["b", "a", "b", 7, "", "x\ny", "z".repeat(151)]});
        assert_eq!(groups(list), Some(vec!["a".into(), "b".into()]));
        let one = json!({"sub": "1", "groups": "a"});
        assert_eq!(groups(one), Some(vec!["a".into()]));
        assert_eq!(groups(json!({"sub": "1"})), Some(vec![]));
        let elsewhere = json!({"sub": "1", "_claim_names": {"groups": "src1"}});
        assert_eq!(groups(elsewhere), None);
        assert_eq!(groups(json!({"sub": "1", "hasgroups": true})), None);
    }

    #[test]
    fn a_mapping_gives_roles_on_top_of_viewer() {
        let lines = ["dms-admins=owner", "cn=it,ou=acme = it_admin"].map(str::to_owned);
        let mapping = Mapping::parse(&lines).expect("a mapping");
        let roles = |groups: &[&str]| {
            let groups: Vec<_> = groups.iter().map(|g| (*g).to_owned()).collect();
            mapping.roles(&groups).expect("roles").to_string()
        };
        assert_eq!(roles(&[]), "viewer");
        assert_eq!(roles(&["dms-admins", "x"]), "viewer owner");
        assert_eq!(roles(&["cn=it,ou=acme"]), "viewer it_admin");
        assert_eq!(roles(&["DMS-ADMINS"]), "viewer", "names are exact");
        assert_eq!(Mapping::default().roles(&["dms-admins".into()]), None);
        for bad in ["x", "=owner", "x=", "x=root"] {
            assert!(Mapping::parse(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
