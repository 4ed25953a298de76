//! A file with the scores that so many events would give, and what is drawn to make it.

use super::*;

/// Makes a file with the scores that `events` events would give: each user has one, and the others are as unequal as
/// visits to pages are (the user of rank n gets one n-th of what the first gets).
pub fn fill(file: &Path, scale: &Scale, clock: &Clock) -> u64 {
    let (store, writer) = Store::open(file, OpenOptions::new(OpenMode::Create, clock.clone())).expect("a new database");
    writer.stop();
    drop(store);
    let mut random = Random(1);
    let mut counts = vec![1_u32; scale.users];
    let users = scale.users as f64;
    for _ in scale.users as u64..scale.events {
        let rank = (random.fraction() * users.ln()).exp() as usize - 1;
        // Any prime that does not divide the number of users: who has much is spread over the ids.
        counts[rank.min(scale.users - 1) * 7_919 % scale.users] += 1;
    }
    let days: Vec<String> = (0..DAYS as u32).map(|ago| clock.today().minus_days(ago).to_string()).collect();
    let mut connection = Connection::open(file).expect("a connection");
    connection
        .execute_batch(
            "PRAGMA journal_mode = off; PRAGMA synchronous = off; PRAGMA cache_size = -400000; PRAGMA temp_store = file",
        )
        .expect("settings");
    let transaction = connection.transaction().expect("a transaction");
    let mut rows = 0;
    {
        let insert = "INSERT INTO scores (month, user_id, day, score, events)
                       VALUES (replace(substr(?2, 1, 7), '-', ''), ?1, substr(?2, 9), ?3, ?4)";
        let mut insert = transaction.prepare(insert).expect("a statement");
        let mut sums = vec![(0_i64, 0_i64); DAYS];
        for (index, count) in counts.into_iter().enumerate() {
            for _ in 0..count {
                let (score, events) = &mut sums[random.below(DAYS as u64) as usize];
                *score += 1 + random.below(50) as i64;
                *events += 1;
            }
            for (ago, sum) in sums.iter_mut().enumerate().rev().filter(|(_, sum)| sum.1 > 0) {
                insert.execute(params![index as i64 + 1, days[ago], sum.0, sum.1]).expect("a row");
                *sum = (0, 0);
                rows += 1;
            }
        }
    }
    transaction.commit().expect("a commit");
    rows
}

/// Different users, spread evenly.
pub fn draw_users(random: &mut Random, users: usize, count: usize) -> Vec<UserId> {
    let step = (users / count).max(1);
    let first = random.below(step as u64) as usize;
    (0..count.min(users)).map(|index| user((1 + (first + index * step) % users) as i64)).collect()
}

/// xorshift64*, seeded: every run draws the same.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn fraction(&mut self) -> f64 {
        self.next() as f64 / (1_u64 << 53) as f64
    }
}
