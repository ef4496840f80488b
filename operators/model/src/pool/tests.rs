#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::check::servers;
use crate::{Budget, ModelConfig};

const SECOND: Duration = Duration::from_secs(1);

fn pool_of(endpoints: &Value, budget: Budget) -> Pool<&'static str> {
    let config = json!({ "model": "m", "endpoints": endpoints });
    let config: ModelConfig = serde_json::from_value(config).unwrap();
    let servers = servers(&config, &|_| None).unwrap();
    Pool::new("m", &servers, SECOND * 10, Purse::new("m".into(), budget))
}

fn pool(servers: usize, slots: u32) -> Pool<&'static str> {
    let endpoint = |n| json!({ "url": format!("http://s{n}/v1"), "max_in_flight": slots });
    pool_of(&(0..servers).map(endpoint).collect(), Budget::default())
}

impl Pool<&'static str> {
    fn enter(&mut self, repository: &str, name: &'static str) {
        let ticket = self.ticket(repository);
        self.wait(ticket, None, Now::ZERO, name);
    }

    /// Who got a slot, and of whom.
    fn go(&mut self, now: Now) -> Vec<(&'static str, Pass)> {
        let granted = self.dispatch(now).into_iter();
        granted.map(|(name, pass)| (name, pass.unwrap())).collect()
    }
}

fn enter_all(pool: &mut Pool<&'static str>, names: &[&'static str]) {
    for name in names {
        pool.enter("r", name);
    }
}

fn names(granted: &[(&'static str, Pass)]) -> Vec<&'static str> {
    granted.iter().map(|(name, _)| *name).collect()
}

fn answered() -> Seen {
    Seen::Answered { latency: SECOND, tokens: 1 }
}

fn broken() -> Seen {
    Seen::Broken("reset".into())
}

#[test]
fn repositories_go_in_order_of_name_then_of_arrival() {
    let mut pool = pool(1, 2);
    for (repository, name) in [("b", "b1"), ("c", "c1"), ("a", "a1"), ("b", "b2"), ("a", "a2")] {
        pool.enter(repository, name);
    }
    let mut order = vec![];
    let mut granted = pool.go(SECOND);
    while let Some((name, pass)) = granted.pop() {
        order.push(name);
        pool.give_back(&pass, answered(), Some((1, 0.0)), SECOND);
        granted.extend(pool.go(SECOND));
    }
    // Two at once, the later of them first.
    assert_eq!(order, ["a2", "b1", "b2", "c1", "a1"]);
}

#[test]
fn weights_are_shares_and_a_server_that_goes_takes_only_its_own_along() {
    let three = pool_of(
        &json!([{ "url": "http://a" }, { "url": "http://b", "weight": 2 }, { "url": "http://c" }]),
        Budget::default(),
    );
    let mut homes = BTreeMap::<_, u32>::new();
    for repository in 0..4000 {
        let ranking = three.ranking(&format!("r{repository}"));
        *homes.entry(ranking[0]).or_default() += 1;
    }
    assert!((900..1100).contains(&homes[&0]) && (1850..2150).contains(&homes[&1]), "{homes:?}");
}

#[test]
fn home_comes_first_and_nobody_idles() {
    let mut pool = pool(2, 1);
    let homes = |pool: &Pool<_>, server| {
        (0..99).map(|n| format!("r{n}")).find(|name| pool.ranking(name)[0] == server).unwrap()
    };
    let (near, far) = (homes(&pool, 0), homes(&pool, 1));
    pool.enter(&near, "near 1");
    pool.enter(&near, "near 2");
    pool.enter(&near, "near 3");
    pool.enter(&far, "far 1");
    let first = pool.go(SECOND);
    let mut at: Vec<_> = first.iter().map(|(name, pass)| (*name, pass.endpoint)).collect();
    at.sort_unstable();
    assert_eq!(at, [("far 1", 1), ("near 1", 0)]);
    for (_, pass) in first.iter().filter(|(_, pass)| pass.endpoint == 1) {
        pool.give_back(pass, answered(), None, SECOND);
    }
    let second = pool.go(SECOND);
    assert_eq!((second[0].0, second[0].1.endpoint), ("near 2", 1), "the far one helps out");
}

#[test]
fn a_failed_request_goes_elsewhere_unless_there_is_nowhere() {
    let mut pool = pool(2, 4);
    let ticket = pool.ticket("r");
    let home = pool.ranking("r")[0];
    pool.wait(ticket.clone(), Some(home), Now::ZERO, "again");
    let granted = pool.go(SECOND);
    assert_ne!(granted[0].1.endpoint, home);

    let mut alone = self::pool(1, 4);
    alone.wait(ticket, Some(0), Now::ZERO, "again");
    assert_eq!(names(&alone.go(SECOND)), ["again"]);
}

#[test]
fn a_request_waits_for_its_time() {
    let mut pool = pool(1, 4);
    let ticket = pool.ticket("r");
    pool.wait(ticket.clone(), None, SECOND * 5, "later");
    assert!(pool.go(SECOND).is_empty());
    assert_eq!((pool.wakes(SECOND), pool.load()), (Some(SECOND * 5), (0, 1)));
    pool.leave(&ticket);
    assert_eq!((pool.wakes(SECOND), pool.load()), (None, (0, 0)));
}

#[test]
fn when_all_are_down_one_probes_and_patience_ends() {
    let mut pool = pool(1, 3);
    enter_all(&mut pool, &["a", "b", "c", "d", "e"]);
    for (_, pass) in pool.go(SECOND) {
        pool.give_back(&pass, broken(), None, SECOND);
    }
    assert!(pool.go(SECOND).is_empty(), "left alone for a while");
    let mut now = pool.wakes(SECOND).unwrap();
    let probe = pool.go(now);
    assert_eq!(names(&probe), ["d"]);
    assert!(pool.trouble(now).unwrap().starts_with("no server of model m for "));
    pool.give_back(&probe[0].1, broken(), None, now);
    while pool.load() != (0, 0) {
        now = pool.wakes(now).unwrap_or(now);
        for (name, granted) in pool.dispatch(now) {
            match granted {
                Ok(pass) => {
                    pool.give_back(&pass, broken(), None, now);
                    pool.enter("r", name);
                }
                Err(message) => assert!(message.contains("http://s0/v1: reset"), "{message}"),
            }
        }
    }
    assert_eq!((now, pool.load()), (SECOND * 11, (0, 0)), "10 s after it went down");

    // Newcomers find out whether it is back, at most.
    pool.enter("r", "f");
    pool.enter("r", "g");
    let later = now + SECOND * 90;
    let granted = pool.dispatch(later);
    let probes: Vec<_> = granted.into_iter().filter_map(|(_, granted)| granted.ok()).collect();
    assert_eq!(probes.len(), 1);
    pool.give_back(&probes[0], answered(), None, later);
    assert_eq!(pool.trouble(later), None);
}

#[test]
fn a_server_that_is_wrong_for_good_needs_no_patience() {
    let mut pool = pool(2, 1);
    enter_all(&mut pool, &["a", "b", "c"]);
    let both = pool.go(SECOND);
    pool.give_back(&both[0].1, Seen::Misconfigured("401".into()), None, SECOND);
    assert!(pool.go(SECOND).is_empty(), "the other may work");
    pool.give_back(&both[1].1, Seen::Misconfigured("404".into()), None, SECOND);
    let told = pool.dispatch(SECOND);
    let told = told[0].1.as_ref().unwrap_err();
    assert!(told.contains("/v1: 401") && told.contains("/v1: 404"), "{told}");
}

#[test]
fn a_spent_budget_sends_everybody_home() {
    let budget = Budget { requests: Some(2), ..Budget::default() };
    let mut pool = pool_of(&json!([{ "url": "http://a" }]), budget);
    enter_all(&mut pool, &["a", "b", "c"]);
    let two = pool.go(SECOND);
    assert_eq!(names(&two), ["a", "b"]);
    pool.give_back(&two[0].1, Seen::Unsent, None, SECOND);
    let third = pool.go(SECOND);
    assert_eq!(names(&third), ["c"], "what was not sent is not spent");
    pool.enter("r", "d");
    for pass in [&two[1].1, &third[0].1] {
        pool.give_back(pass, answered(), Some((1, 0.0)), SECOND);
    }
    assert!(pool.dispatch(SECOND)[0].1.as_ref().unwrap_err().contains("2 requests"));
}

/// What happens next.
#[derive(Clone, Debug)]
enum Event {
    Enter {
        repository: u8,
    },
    /// One of those under way comes back.
    Back {
        which: usize,
        seen: Seen,
    },
    Pass {
        millis: u64,
    },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let message = String::new;
    let seen = prop_oneof![
        6 => (1..2000_u64).prop_map(|millis| Seen::Answered {
            latency: Duration::from_millis(millis), tokens: millis,
        }),
        2 => prop::option::of(0..5_u64).prop_map(move |wait| Seen::Refused {
            message: message(), retry_after: wait.map(Duration::from_secs),
        }),
        1 => Just(Seen::Broken(message())),
        1 => Just(Seen::Nonsense(message())),
        1 => Just(Seen::Rejected),
        1 => Just(Seen::Unsent),
        1 => Just(Seen::Misconfigured(message())),
    ];
    let event = prop_oneof![
        3 => (0..4_u8).prop_map(|repository| Event::Enter { repository }),
        3 => (any::<usize>(), seen).prop_map(|(which, seen)| Event::Back { which, seen }),
        1 => (1..3000_u64).prop_map(|millis| Event::Pass { millis }),
    ];
    prop::collection::vec(event, 1..300)
}

proptest! {
    #[test]
    fn nobody_is_lost_and_no_server_idles(events in events(), servers in 1..4_usize) {
        let mut pool = pool(servers, 3);
        let (mut now, mut under_way, mut entered, mut left) = (SECOND, vec![], 0, 0);
        for event in events {
            match event {
                Event::Enter { repository } => {
                    pool.enter(&format!("r{repository}"), "");
                    entered += 1;
                }
                Event::Back { which, seen } if !under_way.is_empty() => {
                    let pass = under_way.swap_remove(which % under_way.len());
                    pool.give_back(&pass, seen, None, now);
                    left += 1;
                }
                Event::Back { .. } => {}
                Event::Pass { millis } => now += Duration::from_millis(millis),
            }
            for (_, granted) in pool.dispatch(now) {
                match granted {
                    Ok(pass) => under_way.push(pass),
                    Err(_) => left += 1,
                }
            }
            let (in_flight, waiting) = pool.load();
            prop_assert_eq!(in_flight, under_way.len() as u64);
            prop_assert_eq!(entered, in_flight + waiting + left);
            prop_assert!(pool.members.iter().all(|member| member.state.in_flight() <= 4));
            let idle = pool.members.iter_mut().any(|m| m.state.free(now) || m.state.due(now));
            prop_assert!(waiting == 0 || !idle);
            // Whoever waits while nothing is under way has something to wait for.
            prop_assert!(waiting == 0 || in_flight > 0 || pool.wakes(now).is_some());
        }
    }
}
