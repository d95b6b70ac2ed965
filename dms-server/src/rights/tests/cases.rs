//! Generated cases: the real server against the model.

use std::net::IpAddr;

use drm::license::RecipientKeyPair;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

use super::model::{Rules, Somebody, Verdict, World, verdict};
use super::{HOUR_MS, Person, server};
use crate::auth::Role;
use crate::problem::ProblemBody;
use crate::testing::device::Device;
use crate::testing::title::{self, Video};
use crate::testing::{Server, text};

/// What `make test` runs.
const CASES: usize = 5_000;
/// Tries between two changes of everything.
const TRIES: usize = 125;
const TITLES: usize = 6;
const LEASE_MS: i64 = 12 * HOUR_MS;

/// A server full of people, and the model's picture of it.
struct Rig {
    server: Server,
    videos: Vec<(Video, Rules)>,
    people: Vec<(Person, Somebody)>,
    /// The people's newest rentals, by person and title.
    rentals: Vec<Vec<Option<Option<i64>>>>,
    groups: Vec<Uuid>,
    collections: Vec<Uuid>,
    /// Sites of the subnets 127.1 and 127.2; 127.3 is in none, and devices call from 127.0.
    sites: Vec<Uuid>,
    /// Clients that call from 127.1.0.1, 127.2.0.1 and 127.3.0.1.
    clients: Vec<reqwest::Client>,
    device: (Device, reqwest::Client),
    random: StdRng,
}

impl Rig {
    async fn new(seed: u64) -> Self {
        let server = server().await;
        let mut people = Vec::new();
        for (login, role) in [
            ("ana", Role::Viewer),
            ("ben", Role::Viewer),
            ("cleo", Role::Auditor),
            ("pia", Role::Publisher),
        ] {
            let person = server.someone(login, role).await;
            let somebody = Somebody {
                id: person.id,
                publishes: role == Role::Publisher,
                ..Somebody::default()
            };
            people.push((person, somebody));
        }
        let mut groups = Vec::new();
        for name in ["sales", "board", "lab"] {
            groups.push(server.group(name).await);
        }
        let mut collections = Vec::new();
        for name in ["talks", "films"] {
            let made = server
                .post("/api/v1/collections", json!({ "name": name }))
                .await;
            collections.push(text(&made["id"]).parse().expect("an id"));
        }
        let mut sites = Vec::new();
        for (name, subnet) in [
            ("Lyon", "127.1.0.0/16"),
            ("Graz", "127.2.0.0/16"),
            ("Home", "127.0.0.0/16"),
        ] {
            let made = server.site(name, subnet).await;
            sites.push(text(&made["id"]).parse().expect("an id"));
        }
        let mut videos = Vec::new();
        for _ in 0..TITLES {
            videos.push((title::video(&server).await, Rules::default()));
        }
        let client = |from: &str| {
            let from: IpAddr = from.parse().expect("an address");
            let client = reqwest::Client::builder().local_address(from);
            client.build().expect("a client")
        };
        let device = Device::enroll(&server, "pc").await;
        let device_client = device.client();
        Self {
            rentals: vec![vec![None; TITLES]; people.len()],
            clients: ["127.1.0.1", "127.2.0.1", "127.3.0.1"].map(client).into(),
            device: (device, device_client),
            random: StdRng::seed_from_u64(seed),
            server,
            videos,
            people,
            groups,
            collections,
            sites,
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    fn some(&mut self, of: &[Uuid]) -> Vec<Uuid> {
        let mut all = of.to_vec();
        all.retain(|_| self.random.random_range(0..100) < 50);
        all
    }

    /// A moment hours before or after now, so that the seconds a test takes change nothing.
    fn moment(&mut self, percent: u32) -> Option<i64> {
        let hours = self.random.random_range(-40..40_i64);
        let set = self.chance(percent);
        let now = self.server.app.clock.now_ms();
        set.then_some(now + hours * HOUR_MS + HOUR_MS / 2)
    }

    fn rules(&mut self) -> Rules {
        let mut rules = Rules {
            named: self.chance(40),
            from: self.moment(25),
            until: self.moment(25),
            embargo: self.moment(20),
            ..Rules::default()
        };
        if rules.named {
            let (groups, people) = (self.groups.clone(), self.people_ids());
            rules.groups = self.some(&groups);
            rules.people = self.some(&people);
            rules.named = !(rules.groups.is_empty() && rules.people.is_empty());
        }
        if self.chance(30) {
            let sites = self.sites.clone();
            rules.sites = Some(self.some(&sites)).filter(|sites| !sites.is_empty());
        }
        rules.height = [None, None, None, Some(240), Some(360)][self.random.random_range(0..5)];
        rules.offline_days = [0, 0, 1, 30][self.random.random_range(0..4)];
        match self.random.random_range(0..10) {
            0..2 => rules.collection = Some(self.collections[self.random.random_range(0..2)]),
            2..4 => rules.rental_s = Some([3600, 360_000][self.random.random_range(0..2)]),
            _ => {}
        }
        // What contradicts itself is refused when it is written; the server never has it.
        let ends_by = |at: Option<i64>| rules.until.zip(at).is_some_and(|(end, at)| end <= at);
        if ends_by(rules.from) || ends_by(rules.embargo) {
            rules.until = None;
        }
        rules
    }

    fn people_ids(&self) -> Vec<Uuid> {
        self.people.iter().map(|(person, _)| person.id).collect()
    }

    /// Everything is different from now on.
    async fn change(&mut self) {
        for at in 0..TITLES {
            let rules = self.rules();
            let audience = rules
                .named
                .then(|| json!({"groups": rules.groups, "people": rules.people}));
            let places = rules.sites.as_ref().map(|sites| json!({ "sites": sites }));
            let plan = match (rules.collection, rules.rental_s) {
                (Some(id), _) => json!({"kind": "subscription", "collection": id}),
                (_, Some(seconds)) => json!({"kind": "rental", "seconds": seconds}),
                _ => json!({"kind": "free"}),
            };
            let policy = json!({"audience": audience, "places": places, "from_ms": rules.from,
                "until_ms": rules.until, "embargo_ms": rules.embargo, "max_height": rules.height,
                "offline_days": rules.offline_days, "plan": plan});
            self.server.set_policy(&self.videos[at].0, policy).await;
            self.videos[at].1 = rules;
        }
        for at in 0..self.people.len() {
            for group in self.groups.clone() {
                let is_in = self.chance(40);
                self.server.member(group, self.people[at].0.id, is_in).await;
                self.people[at].1.groups.retain(|g| *g != group);
                if is_in {
                    self.people[at].1.groups.push(group);
                }
            }
            self.buy(at).await;
        }
        // Rentals of an hour end so, and nothing comes near to ending while a test looks.
        let hours = self.random.random_range(0..2);
        self.server.app.clock.advance_ms(hours * HOUR_MS);
    }

    /// Perhaps a subscription and a rental more for somebody.
    async fn buy(&mut self, who: usize) {
        let person = self.people[who].0.id;
        if self.chance(50) {
            let collection = self.collections[self.random.random_range(0..2)];
            let now = self.server.app.clock.now_ms();
            let from = now + self.random.random_range(-40..20_i64) * HOUR_MS + HOUR_MS / 2;
            let until = from + self.random.random_range(1..40_i64) * HOUR_MS;
            let new = json!({"collection": collection, "member": person, "from_ms": from, "until_ms": until});
            self.server.post("/api/v1/subscriptions", new).await;
            self.people[who]
                .1
                .subscriptions
                .push((collection, from, until));
        }
        if self.chance(50) {
            let at = self.random.random_range(0..TITLES);
            let title = Uuid::from_bytes(self.videos[at].0.title.0);
            let new = json!({"title": title, "person": person});
            self.server.post("/api/v1/rentals", new).await;
            self.rentals[who][at] = Some(None);
        }
    }

    /// One try; the model's answer and the server's, which have to be the same.
    async fn attempt(&mut self) -> (World, Verdict, Verdict) {
        let at = self.random.random_range(0..TITLES);
        let who = self.random.random_range(0..=self.people.len());
        let by_device = who == self.people.len() || self.chance(20);
        let place = self.random.random_range(0..3);
        let offline = self.chance(20);
        let person = self.people.get(who).map(|(person, somebody)| {
            let somebody = Somebody {
                rental: self.rentals[who][at],
                ..somebody.clone()
            };
            (person.clone(), somebody)
        });
        let site = if by_device {
            Some(self.sites[2])
        } else {
            self.sites[..2].get(place).copied()
        };
        let (video, rules) = &self.videos[at];
        let token = person.as_ref().map(|(person, _)| person.token.clone());
        let asked = self.request(video, token, by_device, place, offline);
        let answer = asked.send().await.expect("an answer");
        let mut world = World {
            now: self.server.app.clock.now_ms(),
            person: person.map(|(_, somebody)| somebody),
            site,
            title: rules.clone(),
            offline,
        };
        let allowed = answer.status() == 200;
        let body = answer.bytes().await.expect("a body");
        let got = if allowed {
            let (grant, tracks) = self.server.read(video, &body);
            // The server's own moment: the model must agree to the millisecond.
            world.now = grant.issued_ms.cast_signed();
            let times = (grant.not_after_ms, grant.offline_until_ms);
            Verdict::Yes(tracks, times.0.cast_signed(), times.1.cast_signed())
        } else {
            let problem: ProblemBody = serde_json::from_slice(&body).expect("a problem");
            Verdict::No(problem.code.leak())
        };
        let expected = verdict(&world, LEASE_MS);
        if allowed
            && world.title.rental_s.is_some()
            && let Some(first @ None) = self.rentals.get_mut(who).and_then(|r| r[at].as_mut())
        {
            *first = Some(world.now);
        }
        (world, expected, got)
    }

    fn request(
        &self,
        video: &Video,
        token: Option<String>,
        by_device: bool,
        place: usize,
        offline: bool,
    ) -> reqwest::RequestBuilder {
        let key = RecipientKeyPair::generate(&mut rand::rng());
        let title = video.title.to_string();
        let mut body = json!({"title": title, "recipient_key": key.public(), "offline": offline});
        if by_device {
            body["person"] = token.map_or(Value::Null, Value::String);
            let (device, client) = &self.device;
            return client.post(device.url("/v1/license")).json(&body);
        }
        let url = format!("{}/api/v1/titles/{title}/license", self.server.url);
        let asked = self.clients[place].post(url).json(&body);
        asked.bearer_auth(token.unwrap_or_default())
    }
}

async fn run(cases: usize, seed: u64) {
    let mut rig = Rig::new(seed).await;
    let mut seen = std::collections::BTreeMap::new();
    for case in 0..cases {
        if case % TRIES == 0 {
            rig.change().await;
        }
        let (world, expected, got) = rig.attempt().await;
        assert_eq!(got, expected, "seed {seed}, case {case}: {world:#?}");
        let name = match got {
            Verdict::No(why) => why,
            Verdict::Yes(..) => "allowed",
        };
        *seen.entry(name).or_insert(0) += 1;
    }
    println!("{cases} cases: {seen:?}");
    assert!(seen.len() >= 12, "every answer comes up: {seen:?}");
    rig.server.stop().await;
}

#[tokio::test]
async fn the_server_gives_what_the_model_gives() {
    run(CASES, 1).await;
}

/// The same with other seeds: `cargo test --release -p dms-server --features long-tests --lib a_hundred_thousand`.
#[cfg(feature = "long-tests")]
#[tokio::test]
async fn the_server_gives_what_the_model_gives_a_hundred_thousand_times() {
    for seed in 2..22 {
        run(CASES, seed).await;
    }
}
