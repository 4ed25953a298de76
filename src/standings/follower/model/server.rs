//! The threads of the model, and what readers ask of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use shuttle::sync::{Condvar, Mutex};
use shuttle::thread::{self, JoinHandle};

use super::follower::Follower;
use super::world::{Command, FOREIGN, Fault, File, Look, Message, Published, World, lock};
use crate::domain::{EventDate, UserId};
use crate::interleavings::{Queue, pause};
use crate::standings::coverage::Counts;
use crate::standings::subscription::FactQueue;
use crate::store::turns::{self, Inbox, Work};
use crate::store::{Facts, ScoreChange, Telling};

/// What the writer's thread does in the model.
struct Writer {
    world: Arc<World>,
    telling: Telling,
    version: u64,
}

impl Writer {
    /// Whether another process has committed since this was last asked.
    fn is_foreign(&mut self, file: &File) -> bool {
        std::mem::replace(&mut self.version, file.version) != file.version
    }
}

impl Work for Writer {
    type Command = Command;
    type Look = Look;

    fn run(&mut self, group: &mut Vec<Command>) {
        let world = Arc::clone(&self.world);
        let mut file = lock(&world.file);
        let foreign = self.is_foreign(&file);
        let added: i64 = group.iter().map(|(added, _)| added).sum();
        (file.own, file.changes) = (file.own + added, file.changes + 1);
        let own = file.own;
        file.own_through.push(own);
        drop(file);
        let answer = |group: &mut Vec<Command>| group.drain(..).for_each(|(_, answer)| answer.give(()));
        if world.fault == Fault::AnswersFirst {
            answer(group);
        }
        let user_id = UserId::FIRST;
        let change = ScoreChange { user_id, date: EventDate::MIN, score: added, days: 0 };
        self.telling.tell(Facts { scores: vec![change], ..Facts::default() }, foreign, 0);
        answer(group);
    }

    fn look(&mut self, looks: impl Iterator<Item = Look>) {
        for look in looks {
            let world = Arc::clone(&self.world);
            let foreign = self.is_foreign(&lock(&world.file));
            look(foreign);
        }
    }

    fn restart_log(&mut self) {}

    fn close(self) {}
}

impl Inbox<turns::Message<Command, Look>> for Arc<World> {
    fn take(&mut self, messages: &mut Vec<turns::Message<Command, Look>>, max: usize) -> usize {
        messages.append(&mut self.commands.take_some(max));
        messages.len()
    }

    fn close(&mut self) {
        self.commands.close();
    }
}

/// The two threads, and what readers ask of them.
pub(super) struct Server {
    world: Arc<World>,
    committed: Arc<AtomicU64>,
}

impl Server {
    pub fn start(may_give_up: bool, fault: Fault) -> (Server, JoinHandle<()>, JoinHandle<()>) {
        let world = Arc::new(World {
            file: Mutex::default(),
            published: Mutex::new(Published { wanted: [0].into(), ..Published::default() }),
            changed: Condvar::new(),
            commands: Queue::new(usize::MAX),
            inbox: Queue::new(usize::MAX),
            facts: FactQueue::default(),
            counts: Counts::default(),
            may_give_up,
            fault,
        });
        let told = Arc::clone(&world);
        let subscriber = move |committed| {
            pause();
            let was_empty = told.facts.is_empty();
            if fault == Fault::WakesByAnEarlierLook {
                pause();
            }
            let is_first = told.facts.push(committed);
            if if fault == Fault::WakesByAnEarlierLook { was_empty } else { is_first } {
                told.inbox.give(Message::Facts);
            }
        };
        let telling = Telling::new(vec![Box::new(subscriber)]);
        let committed = telling.number();
        let writer = Writer { world: Arc::clone(&world), telling, version: 0 };
        let inbox = Arc::clone(&world);
        let writer = thread::spawn(move || turns::run(writer, inbox, 4));
        let follower = Follower::new(Arc::clone(&world));
        let follower = thread::spawn(move || follower.run());
        (Server { world, committed }, writer, follower)
    }

    pub fn submit(&self, added: i64) -> Arc<Queue<()>> {
        let answer = Arc::new(Queue::new(1));
        self.world.commands.give(turns::Message::Run((added, Arc::clone(&answer))));
        answer
    }

    pub fn commit(&self, added: i64) {
        self.submit(added).take().expect("an answer");
    }

    pub fn ask_for(&self, window: u8) {
        lock(&self.world.published).wanted.insert(window);
        self.world.inbox.give(Message::NewStandings);
    }

    pub fn flush(&self) {
        let done = Arc::new(Queue::new(1));
        self.world.inbox.give(Message::Flush(Arc::clone(&done)));
        done.take().expect("an answer");
    }

    /// Another process commits.
    pub fn commit_elsewhere(&self) {
        let mut file = lock(&self.world.file);
        (file.foreign, file.version, file.changes) = (FOREIGN, file.version + 1, file.changes + 1);
    }

    /// The sum that the view of the first window shows.
    pub fn view(&self) -> i64 {
        lock(&self.world.published).views.get(&0).copied().unwrap_or_default()
    }

    /// The view with every change that has been confirmed.
    pub fn view_now(&self) -> i64 {
        let shown = lock(&self.world.published).shown;
        if shown < self.committed.load(Ordering::SeqCst) {
            self.flush();
        }
        self.view()
    }

    /// Whether the views show all that others had committed. `seen` is how many changes this connection has seen.
    pub fn shows_all_of_others(&self, seen: &mut u64) -> bool {
        let changes = lock(&self.world.file).changes;
        let look = self.world.counts.look(std::mem::replace(seen, changes) != changes);
        if look.is_news {
            self.world.inbox.give(Message::Look);
        }
        look.is_covered
    }

    /// Waits until the views of all wanted windows show what this process has committed, and ends both threads.
    pub fn end(&self, writer: JoinHandle<()>, follower: JoinHandle<()>) {
        let own = lock(&self.world.file).own;
        let mut published = lock(&self.world.published);
        let shows = |published: &Published| {
            let mut views = published.wanted.iter().map(|window| published.views.get(window));
            views.all(|sum| sum.is_some_and(|sum| sum & !FOREIGN == own))
        };
        while !shows(&published) {
            published = self.world.changed.wait(published).unwrap_or_else(PoisonError::into_inner);
        }
        drop(published);
        self.world.commands.give(turns::Message::Stop);
        writer.join().expect("no panic");
        self.world.inbox.give(Message::Stop);
        follower.join().expect("no panic");
    }
}
