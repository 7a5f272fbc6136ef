//! Clones and their authority without any I/O: each step of a sync is a step of its own.
//!
//! What decides is the production code: `file`, `overlay`, `join`, `settle` and the folds. The
//! world only carries bytes. Pushes may be late, come twice, or lose their answer; a clone may
//! crash and keeps its tree alone. A [`Bug`] plants a known mistake.

use std::collections::BTreeMap;
use std::rc::Rc;

use git_wp::base::{ActorId, Timestamp, TxnId};
use git_wp::state::join::{join, regression};
use git_wp::state::record::{Beat, By, Record};
use git_wp::state::settle::{self, Settled};
use git_wp::state::{Op, Request, View, evaluate, fold};

use super::flaws::{self, Bug};
use super::laws::{self, Checked, broken};
use super::moves::{self, Asked, Fate, Move};
use super::rulings::Seen;
use super::tree::Tree;

/// A commit of the authority, or one that wants to be one.
#[derive(Debug)]
pub(super) struct Tip {
    pub(super) tree: Tree,
    pub(super) view: Rc<View>,
}

/// How far the sync of a clone got.
#[derive(Debug, Clone)]
pub(super) enum Stage {
    Idle,
    Fetched(Rc<Tip>),
    Pushing(Rc<Tip>),
    Won(Rc<Tip>),
}

/// A push on its way.
#[derive(Debug, Clone)]
pub(super) struct Push {
    pub(super) from: usize,
    pub(super) base: u128,
    pub(super) new: Rc<Tip>,
}

impl Push {
    fn is(&self, other: &Push) -> bool {
        let key = |p: &Push| (p.from, p.base, p.new.tree.digest);
        key(self) == key(other)
    }
}

/// One clone.
#[derive(Debug, Clone)]
pub(super) struct Replica {
    pub(super) me: ActorId,
    pub(super) tree: Tree,
    /// Confirmed rights only.
    pub(super) view: Rc<View>,
    /// What its people see.
    pub(super) shown: Rc<View>,
    /// The tip of the authority that was seen last.
    pub(super) remembered: Rc<Tip>,
    pub(super) stage: Stage,
    /// Wall time of its requests; any offset from that of others.
    pub(super) clock: i64,
    pub(super) asked: u32,
}

/// Everything.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) authority: Rc<Tip>,
    pub(super) replicas: Vec<Replica>,
    pub(super) wire: Vec<Push>,
    pub(super) seen: BTreeMap<TxnId, Rc<Seen>>,
    pub(super) bug: Option<Bug>,
    /// Rights of a candidate that lost, for the one bug that keeps them.
    pub(super) kept: Vec<Record>,
}

impl World {
    /// `features` are published, all clones are in sync. `clocks` are the offsets of their clocks.
    pub(super) fn new(clocks: &[i64], features: usize, bug: Option<Bug>) -> World {
        let mut view = View::default();
        let mut tree = Tree::default();
        for feature in 0..features {
            let request = Request {
                txn: TxnId::parse(&format!("publish{feature}")).unwrap(),
                actor: actor(99),
                label: String::new(),
                at: Timestamp::from_millis(0),
                needs: Vec::new(),
                op: moves::publish(feature, 0),
            };
            let records = evaluate(&view, &request).unwrap();
            view.apply(&records);
            tree.write(&records);
        }
        let view = Rc::new(view);
        let authority = Rc::new(Tip { tree, view });
        let replica = |(i, clock): (usize, &i64)| Replica {
            me: actor(i),
            tree: authority.tree.clone(),
            view: Rc::clone(&authority.view),
            shown: Rc::clone(&authority.view),
            remembered: Rc::clone(&authority),
            stage: Stage::Idle,
            clock: *clock,
            asked: 0,
        };
        World {
            replicas: clocks.iter().enumerate().map(replica).collect(),
            authority,
            wire: Vec::new(),
            seen: BTreeMap::new(),
            bug,
            kept: Vec::new(),
        }
    }

    /// One step. Steps that mean nothing now do nothing.
    pub(super) fn step(&mut self, step: &Move) -> Checked {
        match step {
            Move::Ask(r, asked) => match asked.op(self, *r) {
                Some(op) => self.ask(*r, op),
                None => Ok(()),
            },
            Move::Beat(r) => self.beat(*r),
            Move::Fetch(r) => self.fetch(*r),
            Move::Prepare(r) => self.prepare(*r),
            Move::Deliver(i, fate) => self.deliver(*i, *fate),
            Move::Adopt(r) => self.adopt(*r),
            Move::Crash(r) => {
                self.replicas[*r].stage = Stage::Idle;
                Ok(())
            }
            Move::Sync(r) => self.sync(*r),
            Move::Advance(r, a) => {
                let asked = Asked::next(self, *r, *a);
                if let Some(op) = asked.op(self, *r) {
                    self.ask(*r, op)?;
                }
                self.sync(*r)
            }
        }
    }

    pub(super) fn ask(&mut self, r: usize, op: Op) -> Checked {
        let replica = &mut self.replicas[r];
        let count = replica.asked + 1;
        let request = Request {
            txn: TxnId::parse(&format!("r{r}t{count}")).unwrap(),
            actor: replica.me.clone(),
            label: format!("r{r}"),
            at: Timestamp::from_millis(replica.clock + i64::from(count)),
            needs: Vec::new(),
            op,
        };
        let Ok(mut filing) = settle::file(&replica.shown, &request) else {
            return Ok(());
        };
        if filing.is_empty() {
            return Ok(());
        }
        replica.asked = count;
        laws::filed_in_order(replica, &request, &filing)?;
        let seen = Seen::of(&replica.shown, request);
        if !filing.rights.is_empty() {
            self.seen.insert(seen.request.txn.clone(), Rc::new(seen));
        }
        if let Some(bug) = self.bug {
            bug.files(&mut filing);
        }
        replica.take_facts(&filing.facts);
        if !filing.rights.is_empty() {
            Rc::make_mut(&mut replica.shown).apply_tentative(&filing.rights);
        }
        laws::shown(replica, &self.authority)
    }

    fn beat(&mut self, r: usize) -> Checked {
        let replica = &mut self.replicas[r];
        let last = replica.view.beats.get(&replica.me).map_or(0, |b| b.seq);
        let beat = Beat {
            seq: last + 1,
            attempts: Vec::new(),
            by: By {
                actor: replica.me.clone(),
                label: String::new(),
                at: Timestamp::from_millis(replica.clock),
            },
        };
        let path = git_wp::state::layout::beat(&replica.me);
        let record = Record::json(path, &beat).unwrap();
        replica.take_facts(&[record]);
        Ok(())
    }

    fn fetch(&mut self, r: usize) -> Checked {
        let replica = &mut self.replicas[r];
        let tip = Rc::clone(&self.authority);
        let (before, after) = replica.remembered.tree.differences(&tip.tree);
        if let Some(path) = regression(&before, &after) {
            return broken("I4", format!("the authority lost {path}"));
        }
        replica.remembered = Rc::clone(&tip);
        replica.stage = Stage::Fetched(tip);
        Ok(())
    }

    /// Joins and settles; what comes of it goes onto the wire.
    fn prepare(&mut self, r: usize) -> Checked {
        let Stage::Fetched(tip) = self.replicas[r].stage.clone() else {
            return Ok(());
        };
        let new = self.candidate(r, &tip)?;
        let replica = &mut self.replicas[r];
        laws::overlay_is_what_was_filed(replica)?;
        if new.tree.digest == tip.tree.digest {
            replica.stage = Stage::Won(tip);
            return Ok(());
        }
        let new = Rc::new(new);
        replica.stage = Stage::Pushing(Rc::clone(&new));
        let base = tip.tree.digest;
        let push = Push { from: r, base, new };
        let twin = |other: &Push| other.is(&push);
        if !self.wire.iter().any(twin) {
            self.wire.push(push.clone());
        }
        if self.bug == Some(Bug::AdoptEarly) {
            return self.replicas[r].adopt(&push.new, &self.authority);
        }
        Ok(())
    }

    fn candidate(&self, r: usize, tip: &Rc<Tip>) -> Checked<Tip> {
        let replica = &self.replicas[r];
        let (mut tree, mut view) = joined(&replica.tree, tip)?;
        let mut known = Rc::clone(&view);
        if let Some(bug) = self.bug {
            bug.sees(Rc::make_mut(&mut known));
        }
        let mut settled: Settled = settle::settle(&known, &replica.me);
        if let Some(bug) = self.bug {
            bug.settles(&mut settled, (&view, &self.kept));
        }
        if settled.rights.is_empty() && settled.rulings.is_empty() {
            return Ok(Tip { tree, view });
        }
        tree.write(&settled.rights);
        tree.write(&settled.rulings);
        let view = match self.bug {
            None => {
                Rc::make_mut(&mut view).apply(&settled.rights);
                Rc::make_mut(&mut view).apply(&settled.rulings);
                view
            }
            Some(_) => Rc::new(fold::everything(&tree.all())),
        };
        Ok(Tip { tree, view })
    }

    fn deliver(&mut self, i: usize, fate: Fate) -> Checked {
        if i >= self.wire.len() {
            return Ok(());
        }
        let push = match fate {
            Fate::Again => self.wire[i].clone(),
            _ => self.wire.remove(i),
        };
        let waits = match &self.replicas[push.from].stage {
            Stage::Pushing(new) => new.tree.digest == push.new.tree.digest,
            _ => false,
        };
        if fate == Fate::Cut {
            if waits {
                self.replicas[push.from].stage = Stage::Idle;
            }
            return Ok(());
        }
        let lost = Rc::clone(&push.new);
        let won = push.base == self.authority.tree.digest || self.bug == Some(Bug::ForcePush);
        if won {
            laws::push(&self.authority, &push.new, &self.seen)?;
            self.authority = Rc::clone(&push.new);
        }
        if waits {
            let answer = match (won, fate) {
                (true, Fate::Arrives) => Stage::Won(push.new),
                _ => Stage::Idle,
            };
            if !won && self.bug == Some(Bug::MergeLost) {
                self.kept = flaws::rights_of(&lost.tree, &self.authority.tree);
            }
            self.replicas[push.from].stage = answer;
        }
        Ok(())
    }

    fn adopt(&mut self, r: usize) -> Checked {
        if let Stage::Won(tip) = self.replicas[r].stage.clone() {
            self.replicas[r].stage = Stage::Idle;
            self.replicas[r].adopt(&tip, &self.authority)?;
        }
        Ok(())
    }

    /// All steps at once, nothing in between.
    pub(super) fn sync(&mut self, r: usize) -> Checked {
        self.fetch(r)?;
        self.prepare(r)?;
        if matches!(self.replicas[r].stage, Stage::Pushing(_)) {
            let base = self.authority.tree.digest;
            let own = |push: &Push| push.from == r && push.base == base;
            let at = self.wire.iter().rposition(own).unwrap();
            self.deliver(at, Fate::Arrives)?;
        }
        self.adopt(r)
    }

    /// Forgets pushes that nobody waits for and that can only lose.
    pub(super) fn forget_hopeless(&mut self) {
        let (base, replicas) = (self.authority.tree.digest, &self.replicas);
        self.wire.retain(|push| {
            let waits = matches!(&replicas[push.from].stage, Stage::Pushing(new)
                if new.tree.digest == push.new.tree.digest);
            waits || push.base == base
        });
    }

    /// Two quiet syncs of everybody, then all that must hold at the end.
    pub(super) fn finish(&mut self) -> Checked {
        if let [a, b, c, ..] = &self.replicas[..] {
            laws::join_laws(&a.tree, &b.tree, &c.tree)?;
        }
        for r in (0..self.replicas.len()).chain(0..self.replicas.len()) {
            self.sync(r)?;
        }
        laws::end(self)
    }
}

impl Replica {
    fn take_facts(&mut self, facts: &[Record]) {
        self.tree.write(facts);
        let same = Rc::ptr_eq(&self.view, &self.shown);
        if !same {
            Rc::make_mut(&mut self.shown).apply(facts);
        }
        drop(same.then(|| std::mem::take(&mut self.shown)));
        Rc::make_mut(&mut self.view).apply(facts);
        if same {
            self.shown = Rc::clone(&self.view);
        }
    }

    fn adopt(&mut self, tip: &Rc<Tip>, authority: &Tip) -> Checked {
        let (tree, view) = joined(&self.tree, tip)?;
        laws::no_fact_is_lost(&self.tree, &tree)?;
        self.tree = tree;
        self.view = view;
        self.shown = match self.view.has_pending() {
            true => Rc::new(settle::overlay(&self.view, &self.me)),
            false => Rc::clone(&self.view),
        };
        laws::shown(self, authority)
    }
}

/// The local tree on top of the authority's, as tree and as view.
fn joined(ours: &Tree, tip: &Rc<Tip>) -> Checked<(Tree, Rc<View>)> {
    let (here, there) = ours.differences(&tip.tree);
    let joined = join(&here, &there);
    if let Some(path) = joined.rights_lost.first() {
        return broken("I5", format!("the authority does not have {path}"));
    }
    if let Some(path) = joined.forks.first().or(joined.foreign.first()) {
        return broken("I24", format!("{path} is a fork or foreign"));
    }
    let mut tree = tip.tree.clone();
    let mut view = Rc::clone(&tip.view);
    if !joined.taken.is_empty() {
        tree.take(joined.taken.keys(), ours);
        let records: Vec<Record> = joined.taken.keys().map(|path| ours.record(path)).collect();
        Rc::make_mut(&mut view).apply(&records);
    }
    Ok((tree, view))
}

pub(super) fn actor(i: usize) -> ActorId {
    ActorId::parse(&format!("c{i}")).unwrap()
}
