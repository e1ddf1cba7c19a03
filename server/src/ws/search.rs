//! What a connection shows and finds, and the counting views that it holds for that.
//!
//! A user may have two searches at a time (contract, section 8). A search that goes over a whole file is a counting view,
//! and a connection holds two at most: its filter's and its find's. A new one takes the place of the old one, which ends
//! with its last holder; viewers with equal queries share one. All else that is searched for a connection is done in
//! bounded pieces, one at a time, while it waits.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use taillight::cursor::Generation;
use taillight::level::LevelChoice;
use taillight::line::{ByteOffset, LineCount};
use taillight::query::check_pattern;
use taillight::wire::{self, Found, Matched, Wished};

use tokio::time::Instant;

use crate::pull::RowFilter;
use crate::scan::{BadQuery, Facts, Filter, Rations, View, has_regex};
use crate::source::{Source, unread};
use crate::tail::{Epoch, TailTip};
use crate::tasks::Tasks;

/// What is shown and found.
#[derive(Debug, Default)]
pub(crate) struct Search {
    filter: Option<RowFilter>,
    /// The find term alone.
    term: Option<Filter>,
    /// The find term among the shown rows.
    found: Option<Filter>,
    found_view: Option<(Generation, Arc<View>)>,
    /// The row that was found last.
    sought: Option<(Generation, ByteOffset)>,
    /// It was found among other rows than are shown now: it may not be one of them.
    was_elsewhere: bool,
    rank: Option<LineCount>,
    /// Rows of the levels that were looked for last, among the shown rows.
    of_levels: Option<(LevelChoice, Filter)>,
    /// Held for who looks for levels where none are near.
    facts: Option<(Generation, Arc<Facts>)>,
    /// What somebody has asked for in the page: it is not only what a link says.
    wished: Wished,
    /// When views were asked for last it was not known how much there is to search: the file was being decoded.
    was_decoding: bool,
}

/// A term that is not in force, and whether it is the find term.
pub(crate) type Refusal = (bool, BadQuery);

/// Where queries are compiled, what they are to be looked for in, and how many bytes they may have.
pub(crate) type Ground = (Tasks, Arc<dyn Source>, usize);

/// Compiles a query as strictly as a user who has just typed it wants; `None` shows all rows.
pub(crate) async fn compile(wanted: Option<wire::Filter>, on: Ground) -> Result<Option<RowFilter>, BadQuery> {
    let Some(wanted) = wanted else { return Ok(None) };
    check_pattern(&wanted.q, on.2)?;
    let is_slow = has_regex(&wanted.q);
    let compile = move |checked: Checked| {
        let filter = RowFilter::new(Filter::narrowed(&wanted.q, &wanted.narrow)?, wanted.ctx);
        filter.map(|filter| checked.map(|()| filter)).transpose()
    };
    compiled(is_slow, on, compile).await
}

/// Compiles a find term; `None` finds nothing.
pub(crate) async fn compile_find(term: Option<String>, on: Ground) -> Result<Option<Filter>, BadQuery> {
    let (is_slow, most) = (term.as_deref().is_some_and(has_regex), on.2);
    compiled(is_slow, on, move |checked| find_term(term.as_deref(), most, checked)).await
}

fn find_term(term: Option<&str>, most: usize, checked: Checked) -> Result<Option<Filter>, BadQuery> {
    check_pattern(term.unwrap_or_default(), most)?;
    let term = term.map_or(Ok(None), Filter::find)?;
    term.map(|term| checked.map(|()| term)).transpose()
}

/// Compiles where nobody who reads waits for it, and is given whether anything can be found on that ground.
async fn compiled<T: Send + 'static>(
    has_regex: bool,
    (tasks, source, _): Ground,
    compile: impl FnOnce(Checked) -> T + Send + 'static,
) -> T {
    let checked = tasks.blocking(move || check_text(&*source)).await;
    tasks.compiling(has_regex, move || compile(checked)).await
}

/// Whether anything can be found in a source, by [`check_text`]. Found out apart from compiling, which all queries wait for:
/// a disk may be slow.
type Checked = Result<(), BadQuery>;

/// Refuses to look for anything in a text that is not read: "no match" would be no answer (blocking).
fn check_text(source: &dyn Source) -> Checked {
    unread(source).map_or(Ok(()), |detail| Err(BadQuery { position: 0, detail }))
}

impl Search {
    /// What a link asks for of a source: what is wrong in it is left out and told.
    pub(crate) async fn of_link(
        filter: Option<wire::Filter>,
        find: Option<String>,
        on: Ground,
    ) -> (Self, Vec<Refusal>) {
        let is_slow =
            filter.as_ref().is_some_and(|filter| has_regex(&filter.q)) || find.as_deref().is_some_and(has_regex);
        let most = on.2;
        compiled(is_slow, on, move |checked| Self::lenient((filter.as_ref(), find.as_deref()), most, checked)).await
    }

    fn lenient(
        (filter, find): (Option<&wire::Filter>, Option<&str>),
        most: usize,
        checked: Checked,
    ) -> (Self, Vec<Refusal>) {
        let mut search = Self::default();
        let mut refused = Vec::new();
        if let Some(wanted) = filter {
            // Of one that is too long nothing is left, as of any that cannot be read.
            let too_long = check_pattern(&wanted.q, most).err().map(BadQuery::from);
            let q = if too_long.is_some() { "" } else { &wanted.q };
            let (filter, wrong) = Filter::lenient(q, &wanted.narrow);
            refused.extend(too_long.or(wrong).map(|wrong| (false, wrong)));
            match RowFilter::new(filter, wanted.ctx).map(|rows| checked.clone().map(|()| rows)).transpose() {
                Ok(rows) => search.show(rows),
                Err(wrong) => refused.push((false, wrong)),
            }
        }
        match find_term(find, most, checked.clone()) {
            Ok(term) => search.find(term),
            Err(wrong) => refused.push((true, wrong)),
        }
        // Wherever in the file the link leads: its start, where the rows say it, may be far away.
        if let (true, Err(wrong)) = (refused.is_empty(), checked) {
            refused.push((false, wrong));
        }
        (search, refused)
    }

    /// Which rows are shown; `None` for all.
    pub(crate) fn filter(&self) -> Option<&RowFilter> {
        self.filter.as_ref()
    }

    /// Whether all rows are shown and nothing is found.
    pub(crate) fn is_plain(&self) -> bool {
        self.filter.is_none() && self.term.is_none()
    }

    /// The find term.
    pub(crate) fn term(&self) -> Option<&Filter> {
        self.term.as_ref()
    }

    /// What a row must match to be found, and its counts in a generation where they are held.
    pub(crate) fn sought_for(&self, generation: Generation) -> Option<(Filter, Option<Arc<View>>)> {
        let view = self.found_view.as_ref().filter(|(of, _)| *of == generation);
        Some((self.found.clone()?, view.map(|(_, view)| Arc::clone(view))))
    }

    /// The views of what is shown and of what is found in a generation, where they are held.
    pub(crate) fn views_of(&self, generation: Generation) -> (Option<Arc<View>>, Option<Arc<View>>) {
        let of = |held: Option<&(Generation, Arc<View>)>| {
            held.filter(|(of, _)| *of == generation).map(|(_, view)| Arc::clone(view))
        };
        let shown = self.filter.as_ref().and_then(|rows| rows.view.as_ref());
        (of(shown), of(self.found_view.as_ref()))
    }

    /// What a row of some levels must match to be shown.
    pub(crate) async fn sought_levels(&mut self, levels: LevelChoice, tasks: &Tasks) -> Filter {
        if let Some((_, filter)) = self.of_levels.as_ref().filter(|(of, _)| *of == levels) {
            return filter.clone();
        }
        let shown = self.filter.as_ref().map(|rows| rows.filter.clone());
        let compile = move || {
            let wanted = Filter::of_levels(levels);
            shown.map_or(wanted.clone(), |shown| shown.and(&wanted))
        };
        let filter = tasks.blocking(compile).await;
        self.of_levels = Some((levels, filter.clone()));
        filter
    }

    /// Has the facts of an epoch made, as far as a search may go, so that levels which are far are found by them.
    pub(crate) fn hold_facts(&mut self, epoch: &Epoch, rations: Rations, tasks: &Tasks) {
        if self.facts.as_ref().is_none_or(|(of, _)| *of != epoch.generation) {
            self.facts = Some((epoch.generation, epoch.views.facts(|_| rations.pass, tasks)));
        }
    }

    /// Shows other rows.
    pub(crate) fn show(&mut self, filter: Option<RowFilter>) {
        self.filter = filter;
        self.of_levels = None;
        let sought = self.sought;
        self.find(self.term.clone());
        (self.sought, self.was_elsewhere) = (sought, true);
    }

    /// Finds something else among the shown rows.
    pub(crate) fn find(&mut self, term: Option<Filter>) {
        self.found = term.as_ref().map(|term| match &self.filter {
            Some(rows) => rows.filter.and(term),
            None => term.clone(),
        });
        self.term = term;
        self.found_view = None;
        (self.sought, self.rank) = (None, None);
    }

    /// Remembers the row that was found last: its rank is told when it is known.
    pub(crate) fn found_row(&mut self, place: (Generation, ByteOffset)) {
        (self.sought, self.rank, self.was_elsewhere) = (Some(place), None, false);
    }

    /// Somebody wants these, however much there is to read.
    pub(crate) fn wish(&mut self, wished: Wished) {
        self.wished.filter |= wished.filter;
        self.wished.find |= wished.find;
    }

    /// Has go on what stands stopped.
    pub(crate) fn go_on(&mut self, rations: Rations) {
        self.wish(Wished::ALL);
        self.held_views().for_each(|view| view.go_on(rations.pass));
        if let Some((_, facts)) = &self.facts {
            facts.go_on(rations.pass);
        }
    }

    /// Whether somebody has asked for what is shown or found, or for nothing that a link says.
    pub(crate) fn is_wished(&self) -> bool {
        self.is_plain() || self.wished != Wished::default()
    }

    /// Whether nobody but a link wants it, and it stands stopped.
    pub(crate) fn waits_for_wish(&self) -> bool {
        self.wished == Wished::default() && self.held_views().any(|view| view.matched().stopped)
    }

    /// For each count that stands stopped: waits until it goes on.
    pub(crate) fn going_on(&self) -> Vec<BoxFuture<'static, ()>> {
        let stopped = self.held_views().filter(|view| view.matched().stopped);
        stopped.map(|view| view.goes_on().boxed()).collect()
    }

    /// Takes the views of the current epoch where those held are of another one; whether any was taken.
    pub(crate) fn hold_views(&mut self, tip: &TailTip, rations: Rations, tasks: &Tasks) -> bool {
        let (epoch, is_decoding) = (tip.current(), tip.state.is_being_decoded());
        let is_of =
            |view: &Option<(Generation, Arc<View>)>| view.as_ref().is_some_and(|(of, _)| *of == epoch.generation);
        let (mut is_new, wished) = (false, self.wished);
        let get = |filter: &Filter, is_wished: bool| {
            let ration = |unread| rations.of(is_wished, if is_decoding { u64::MAX } else { unread });
            epoch.views.within(filter, ration, tasks)
        };
        if std::mem::replace(&mut self.was_decoding, is_decoding) && !is_decoding {
            // They may have waited for that: those that are held are asked for again.
            let asked = self.filter.iter().map(|rows| (&rows.filter, wished.filter));
            asked.chain(self.found.iter().map(|found| (found, wished.find))).for_each(|(filter, is_wished)| {
                get(filter, is_wished);
            });
        }
        if let Some(rows) = self.filter.as_mut().filter(|rows| !is_of(&rows.view)) {
            rows.view = Some((epoch.generation, get(&rows.filter, wished.filter)));
            is_new = true;
        }
        if let Some(found) = self.found.as_ref().filter(|_| !is_of(&self.found_view)) {
            self.found_view = Some((epoch.generation, get(found, wished.find)));
            is_new = true;
        }
        is_new
    }

    /// How many lines the filter has found in the current generation.
    pub(crate) fn shown(&self, tip: &TailTip) -> Option<Matched> {
        self.filter.as_ref().map(|rows| matched(rows.view.as_ref(), tip))
    }

    /// How many the find term has found among those, and which of them is the current one.
    pub(crate) fn found(&self, tip: &TailTip) -> Option<Found> {
        let rank = self.rank.filter(|_| self.sought.is_some_and(|(of, _)| of == tip.current().generation));
        self.found.as_ref().map(|_| Found { matched: matched(self.found_view.as_ref(), tip), rank })
    }

    /// Whether the rank of the row that was found last will be known when more is counted.
    pub(crate) fn waits_for_rank(&self) -> bool {
        // One that stands stopped counts nothing: it is waited for, and tells when it goes on.
        let counting = self.found_view.as_ref().filter(|(_, view)| !view.matched().stopped);
        let of = counting.map(|(of, _)| *of);
        self.rank.is_none() && self.sought.is_some_and(|(generation, _)| Some(generation) == of)
    }

    /// Looks up the rank of the row that was found last, once it can be known.
    pub(crate) async fn rank(&mut self, tasks: &Tasks) {
        let (Some((generation, offset)), None) = (self.sought, self.rank) else { return };
        let Some((of, view)) = self.found_view.clone().filter(|(of, _)| *of == generation) else { return };
        let was_elsewhere = self.was_elsewhere;
        let look = move || {
            let is_all = view.matched().exact;
            let before = view.rank(offset)?;
            let is_shown = match view.select(before.get()).filter(|_| was_elsewhere) {
                Some(at) => at == offset,
                None if was_elsewhere && !is_all => return None,
                None => !was_elsewhere,
            };
            Some(is_shown.then(|| before + LineCount::new(1)))
        };
        let Some(rank) = tasks.blocking(look).await else { return };
        if self.sought == Some((of, offset)) {
            self.rank = rank;
            // Where it is not among the shown rows, none is waited for.
            self.sought = self.sought.filter(|_| rank.is_some());
        }
    }
}

impl Search {
    /// Waits until everything is counted, but not past `deadline`.
    pub(crate) async fn wait(&self, deadline: Instant) {
        for view in self.held_views() {
            view.wait(deadline).await;
        }
    }

    fn held_views(&self) -> impl Iterator<Item = &Arc<View>> {
        let views = [self.filter.as_ref().and_then(|rows| rows.view.as_ref()), self.found_view.as_ref()];
        views.into_iter().flatten().map(|(_, view)| view)
    }
}

/// The counts of a view as they stand to the tip: what has just been appended may not be looked through yet.
fn matched(view: Option<&(Generation, Arc<View>)>, tip: &TailTip) -> Matched {
    match view {
        Some((generation, view)) if *generation == tip.current().generation => {
            let matched = view.matched();
            Matched { exact: matched.exact && matched.scanned >= tip.len, ..matched }
        }
        _ => Matched { count: LineCount::ZERO, exact: false, scanned: ByteOffset::ZERO, stopped: false },
    }
}
