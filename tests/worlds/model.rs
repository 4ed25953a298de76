//! What a server must know, kept as plainly as can be: a list of events, of which everything is summed anew whenever it is asked
//! for. It uses nothing of the program.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use super::calendar::Calendar;

/// How long the answer to a request with an idempotency key is given again.
pub const KEPT: TimeDelta = TimeDelta::days(7);

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: i64,
    pub user: i64,
    pub date: NaiveDate,
    pub points: i64,
    pub description: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Event {
    /// As the API shows it.
    pub fn json(&self) -> Value {
        let time = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        json!({"id": self.id, "user_id": self.user, "date": self.date, "points": self.points,
            "description": self.description, "created_at": time(self.created_at), "updated_at": time(self.updated_at)})
    }
}

/// What a client asks to be stored.
#[derive(Debug, Clone)]
pub struct Award {
    pub user: i64,
    pub date: NaiveDate,
    pub points: i64,
    pub description: Option<String>,
    pub minimum: Option<i64>,
}

impl Award {
    pub fn json(&self) -> Value {
        let mut body = json!({"user_id": self.user, "date": self.date, "points": self.points});
        if let Some(description) = &self.description {
            body["description"] = json!(description);
        }
        if let Some(minimum) = self.minimum {
            body["minimum_score"] = json!(minimum);
        }
        body
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    pub name: String,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub visible_to: Vec<i64>,
    pub included: Vec<i64>,
    pub excluded: Vec<i64>,
    pub default_period: usize,
    pub default_only: bool,
}

impl Board {
    pub fn json(&self) -> Value {
        json!({"name": self.name, "from_date": self.from, "to_date": self.to, "visible_to_groups_ids": self.visible_to,
            "included_groups_ids": self.included, "excluded_groups_ids": self.excluded,
            "default_period": self.default_period, "period_filter_disabled": self.default_only})
    }
}

/// An answer that a repeated request gets again.
#[derive(Debug, Clone)]
pub struct Answer {
    pub key: String,
    pub path: String,
    pub body: Value,
    pub at: DateTime<Utc>,
    pub status: u16,
    pub text: String,
    /// Whether its time was over at any moment since: a clock that was set back does not bring it back for certain.
    pub was_over: bool,
}

/// How equal scores share a position, by the setting's name.
pub const RANKINGS: [&str; 3] = ["dense_rank", "rank", "row_number"];

/// User, sum and position.
pub type Row = (i64, i64, i64);

#[derive(Debug, Clone)]
pub struct Model {
    pub calendar: Calendar,
    pub ranking: &'static str,
    pub events: Vec<Event>,
    /// By how many points and events a user's score of a day is less than the events say, since SQL alone has changed these.
    /// A rebuild of the day ends it.
    pub lacking: BTreeMap<(i64, NaiveDate), (i64, i64)>,
    /// The highest id of an event that has a history: it is never given again, whatever becomes of the event.
    pub remembered: i64,
    pub names: BTreeMap<i64, String>,
    pub suspended: BTreeSet<i64>,
    pub groups: BTreeMap<i64, BTreeSet<i64>>,
    pub boards: BTreeMap<i64, Board>,
    pub answers: Vec<Answer>,
}

impl Model {
    pub fn new(calendar: Calendar, ranking: &'static str) -> Model {
        let global = Board {
            name: "Global Leaderboard".to_owned(),
            from: None,
            to: None,
            visible_to: Vec::new(),
            included: Vec::new(),
            excluded: Vec::new(),
            default_period: 0,
            default_only: false,
        };
        Model {
            calendar,
            ranking,
            events: Vec::new(),
            lacking: BTreeMap::new(),
            remembered: 0,
            names: BTreeMap::new(),
            suspended: BTreeSet::new(),
            groups: BTreeMap::new(),
            boards: BTreeMap::from([(1, global)]),
            answers: Vec::new(),
        }
    }

    pub fn today(&self) -> NaiveDate {
        self.calendar.today()
    }

    /// Moves the clock.
    pub fn jump(&mut self, now: DateTime<Utc>) {
        self.calendar.now = now;
        for answer in &mut self.answers {
            answer.was_over |= answer.at <= now - KEPT;
        }
    }

    /// Whether an answer is given again now; `None`: nobody can tell.
    pub fn is_kept(&self, answer: &Answer) -> Option<bool> {
        let is_over = answer.at <= self.calendar.now - KEPT;
        (is_over || !answer.was_over).then_some(!is_over)
    }

    /// A user's days with their scores.
    pub fn days(&self, user: i64) -> BTreeMap<NaiveDate, i64> {
        let mut days: BTreeMap<NaiveDate, (i64, i64)> = BTreeMap::new();
        for event in self.events.iter().filter(|event| event.user == user) {
            let day = days.entry(event.date).or_default();
            *day = (day.0 + event.points, day.1 + 1);
        }
        for ((_, date), (points, events)) in self.lacking.iter().filter(|((of, _), _)| *of == user) {
            let day = days.entry(*date).or_default();
            *day = (day.0 - points, day.1 - events);
        }
        days.into_iter().filter(|(_, (_, events))| *events > 0).map(|(date, (points, _))| (date, points)).collect()
    }

    /// Who has a score on a day of a stretch, with the sum.
    pub fn sums(&self, first: NaiveDate, last: NaiveDate) -> BTreeMap<i64, i64> {
        let users = self.events.iter().map(|event| event.user).chain(self.lacking.keys().map(|(user, _)| *user));
        let users: BTreeSet<i64> = users.collect();
        let mut sums = BTreeMap::new();
        for user in users {
            let days = self.days(user);
            let scores: Vec<i64> =
                days.iter().filter(|(day, _)| first <= **day && **day <= last).map(|d| *d.1).collect();
            if !scores.is_empty() {
                sums.insert(user, scores.iter().sum());
            }
        }
        sums
    }

    /// Everyone's place over a period.
    pub fn everyone(&self, period: usize) -> Vec<Row> {
        self.rank(self.sums(self.calendar.first_day(period), self.today()))
    }

    /// The places of a board over a period.
    pub fn standings(&self, board: &Board, period: usize) -> Vec<Row> {
        let period = if board.default_only { board.default_period } else { period };
        let first = board.from.map_or(self.calendar.first_day(period), |day| day.max(self.calendar.first_day(period)));
        let last = board.to.map_or(self.today(), |day| day.min(self.today()));
        let mut sums = self.sums(first, last);
        let is_in = |user: &i64, groups: &[i64]| {
            groups.iter().any(|group| self.groups.get(group).is_some_and(|members| members.contains(user)))
        };
        sums.retain(|user, _| {
            !self.suspended.contains(user)
                && (board.included.is_empty() || is_in(user, &board.included))
                && !is_in(user, &board.excluded)
        });
        self.rank(sums)
    }

    fn rank(&self, sums: BTreeMap<i64, i64>) -> Vec<Row> {
        let mut order: Vec<(i64, i64)> = sums.into_iter().collect();
        order.sort_by_key(|(user, sum)| (-sum, *user));
        let higher = |sum: i64| order.iter().map(|(_, other)| *other).filter(move |other| *other > sum);
        let place = |at: usize, sum: i64| match self.ranking {
            "dense_rank" => higher(sum).collect::<BTreeSet<i64>>().len(),
            "rank" => higher(sum).count(),
            _ => at,
        };
        order.iter().enumerate().map(|(at, (user, sum))| (*user, *sum, place(at, *sum) as i64 + 1)).collect()
    }

    /// What a user has up to today, less every deduction that is dated later.
    pub fn spendable(&self, user: i64) -> i64 {
        let today = self.today();
        let had: i64 = self.days(user).range(..=today).map(|(_, score)| score).sum();
        let later = |event: &&Event| event.user == user && event.date > today && event.points < 0;
        had + self.events.iter().filter(later).map(|event| event.points).sum::<i64>()
    }

    /// What points of a day add to what may be spent.
    pub fn counts_for(&self, date: NaiveDate, points: i64) -> i64 {
        if date <= self.today() { points } else { points.min(0) }
    }

    /// Whether the rest of a change is too little. Then what may be spent without it.
    pub fn refuses(&self, user: i64, change: i64, minimum: Option<i64>) -> Option<i64> {
        let spendable = self.spendable(user);
        minimum.filter(|minimum| spendable + change < *minimum).map(|_| spendable)
    }

    /// Stores an event as of now.
    pub fn store(&mut self, id: i64, award: &Award) {
        let now = self.calendar.now;
        let Award { user, date, points, description, .. } = award.clone();
        self.insert(Event { id, user, date, points, description, created_at: now, updated_at: now });
    }

    /// The highest id that was given: a new one is above it.
    pub fn highest(&self) -> i64 {
        self.events.iter().map(|event| event.id).max().unwrap_or_default().max(self.remembered)
    }

    pub fn insert(&mut self, event: Event) {
        self.events.push(event);
        self.events.sort_by_key(|event| event.id);
    }

    pub fn event(&mut self, id: i64) -> &mut Event {
        self.events.iter_mut().find(|event| event.id == id).expect("an event of the model")
    }

    /// Takes an event out of the list.
    pub fn take(&mut self, id: i64) -> Event {
        let at = self.events.iter().position(|event| event.id == id).expect("an event of the model");
        self.events.remove(at)
    }

    /// Events on days whose scores are right.
    pub fn settled(&self) -> Vec<Event> {
        self.events.iter().filter(|event| !self.lacking.contains_key(&(event.user, event.date))).cloned().collect()
    }

    /// Notes that SQL has changed what the events of a user's day say, but not the score.
    pub fn lack(&mut self, user: i64, date: NaiveDate, points: i64, events: i64) {
        let lacking = self.lacking.entry((user, date)).or_default();
        *lacking = (lacking.0 + points, lacking.1 + events);
        self.lacking.retain(|_, lacking| *lacking != (0, 0));
    }

    /// Makes the scores from a day on right.
    pub fn rebuild(&mut self, from: NaiveDate) {
        self.lacking.retain(|(_, date), _| *date < from);
    }

    pub fn username(&self, user: i64) -> String {
        self.names.get(&user).cloned().unwrap_or_else(|| format!("user-{user}"))
    }
}
