//! What all components share: the view, what the stream says, and the one way to act.

use leptos::prelude::*;
use taillight::cursor::Anchor;
use taillight::path::LogPath;
use taillight::view::{Command, FileView, ViewState};
use taillight::wire::Tip;

use crate::boot::{Boot, Screen};
use crate::search::{Search, SearchAct};
use crate::search_files::FilesSearch;
use crate::text;

/// What all components share. A context, cheap to copy.
#[derive(Clone, Copy)]
pub struct Shell {
    /// What is on the screen: the truth that the address prints.
    pub view: RwSignal<ViewState>,
    /// What went wrong, where nothing else can be shown.
    pub problem: RwSignal<Option<Problem>>,
    /// What is open over the page.
    pub overlay: RwSignal<Overlay>,
    /// What is told once, such as that a link was copied.
    pub toast: RwSignal<String>,
    /// Whether the files pane is open; `None`: where there is room for it.
    pub files_pane: RwSignal<Option<bool>>,
    /// What the stream says.
    pub status: Status,
    /// What is filtered and found.
    pub search: Search,
    /// What is searched in all files of a folder.
    pub search_files: FilesSearch,
    /// Whether the program runs: set after hydration.
    pub running: RwSignal<bool>,
    base: StoredValue<String>,
}

/// What went wrong, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// What happened, in a few words.
    pub title: String,
    /// Why, and the next action.
    pub detail: String,
}

/// What is open over the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The prompt for a place.
    GoTo,
    /// The list of keys.
    Help,
    /// The list of files to open by name.
    QuickOpen,
    /// The search over files.
    SearchFiles,
}

/// What the stream says, as the chrome shows it. Written at most once per animation frame.
#[derive(Clone, Copy)]
pub struct Status {
    /// The counters.
    pub tip: RwSignal<Option<Tip>>,
    /// The text of the state line.
    pub stream: RwSignal<String>,
    /// How the state is coloured: `live`, `wait`, `bad` or nothing.
    pub tone: RwSignal<&'static str>,
    /// The text of the line count.
    pub lines: RwSignal<String>,
    /// The file's size, for people.
    pub size: RwSignal<String>,
    /// How fast it grows, for people; empty when it does not.
    pub growth: RwSignal<String>,
    /// Complete lines that came and were not shown.
    pub new_lines: RwSignal<u64>,
    /// New lines per second.
    pub new_rate: RwSignal<u64>,
    /// How far down the screen is, 0 to 100.
    pub percent: RwSignal<u8>,
    /// Which line is first on the screen, for people.
    pub place: RwSignal<String>,
    /// What the bubble beside the thumb says while it is dragged.
    pub bubble: RwSignal<String>,
    /// What is wrong for longer, for people.
    pub banner: RwSignal<String>,
    /// When a lost connection is tried again, for people; empty while it is there.
    pub retry: RwSignal<String>,
    /// Whether the view follows from so far behind that it could jump to the end.
    pub can_jump: RwSignal<bool>,
    /// What is said of new lines to who only hears the page.
    pub heard: RwSignal<String>,
    /// Whether there is no line to show, and no line is on its way.
    pub is_empty: RwSignal<bool>,
    /// How many rows the grid has; -1 while that is not known.
    pub row_count: RwSignal<i64>,
    /// The id of the row that holds the keyboard's cursor.
    pub active_row: RwSignal<Option<String>>,
}

/// One thing that the user wants, as a component says it.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// A command to the view.
    View(Command),
    /// Ends a pause with every line since.
    CatchUp,
    /// Ends a pause at the end, or goes there from behind.
    JumpToEnd,
    /// Tries a lost connection at once.
    TryNow,
    /// Puts a link to what is shown on the clipboard.
    CopyLink,
    /// Saves the file.
    Download,
    /// Shows or hides the files pane.
    ToggleFiles,
    /// Opens something over the page, or closes it.
    Open(Overlay),
    /// Something with the boxes, or with what was found.
    Search(SearchAct),
    /// Begins the search over files, or ends it.
    SearchFiles(bool),
}

impl Shell {
    /// The shell of a page that begins with `boot`.
    pub fn new(boot: &Boot) -> Self {
        let (view, problem) = first_view(boot);
        let status = Status::new(boot, view.file_view().is_none_or(|file| file.follow));
        let screen = match &boot.screen {
            Screen::File(file) => Some(&**file),
            _ => None,
        };
        let search = Search::new(view.file_view(), screen, boot.pattern_bytes);
        Self {
            view: RwSignal::new(view),
            problem: RwSignal::new(problem),
            overlay: RwSignal::new(Overlay::None),
            toast: RwSignal::new(String::new()),
            files_pane: RwSignal::new(None),
            status,
            search,
            search_files: FilesSearch::new(),
            running: RwSignal::new(false),
            base: StoredValue::new(boot.base.clone()),
        }
    }

    /// The shell that the root component provided.
    pub fn get() -> Self {
        expect_context()
    }

    /// Does what the user wants. On the server there is no user.
    pub fn act(self, act: Act) {
        #[cfg(feature = "hydrate")]
        crate::nav::act(self, act);
        #[cfg(not(feature = "hydrate"))]
        drop(act);
    }

    /// A command to the view.
    pub fn command(self, command: Command) {
        self.act(Act::View(command));
    }

    /// Something with the boxes, or with what was found.
    pub fn search(self, act: SearchAct) {
        self.act(Act::Search(act));
    }

    /// A link below the base path as an address of this server.
    pub fn href(self, link: &str) -> String {
        self.base.with_value(|base| format!("{base}{link}"))
    }

    /// The base path: empty, or `/x`.
    pub fn base(self) -> String {
        self.base.get_value()
    }

    /// A part of the file view as a memo; the default where no file is shown.
    pub fn of_file<T>(self, get: impl Fn(&FileView) -> T + Send + Sync + 'static) -> Memo<T>
    where
        T: Default + PartialEq + Send + Sync + 'static,
    {
        let view = self.view;
        crate::erased::memo(move || view.with(|view| view.file_view().map(&get).unwrap_or_default()))
    }

    /// A part of the file view now; `None` where no file is shown.
    pub fn file<T>(self, get: impl FnOnce(&FileView) -> T) -> Option<T> {
        self.view.with_untracked(|view| view.file_view().map(get))
    }

    /// Whether the view follows now.
    pub fn follows(self) -> bool {
        self.file(|view| view.follow).unwrap_or_default()
    }

    /// The path of the file that is shown.
    pub fn path(self) -> Memo<Option<LogPath>> {
        self.of_file(|view| Some(view.path.clone()))
    }

    /// Whether the screen begins at the end of the file.
    pub fn begins_at_end(self) -> bool {
        self.view.with_untracked(|view| view.file_view().is_some_and(|file| file.anchor() == Anchor::End))
    }
}

fn first_view(boot: &Boot) -> (ViewState, Option<Problem>) {
    if let Screen::Problem { status, title, detail } = &boot.screen {
        let problem = Problem { status: *status, title: title.clone(), detail: detail.clone() };
        return (ViewState::files(None), Some(problem));
    }
    match taillight::view::link::read(&boot.address) {
        Ok(link) => (link.state, None),
        // The server answers such an address with a problem page, so this is for a page that was tampered with.
        Err(error) => {
            let problem = Problem { status: 404, title: "No such page".to_owned(), detail: error.to_string() };
            (ViewState::files(None), Some(problem))
        }
    }
}

impl Status {
    fn new(boot: &Boot, follows: bool) -> Self {
        let tip = match &boot.screen {
            Screen::File(file) => Some(file.tip),
            _ => None,
        };
        Self {
            tip: RwSignal::new(tip),
            stream: RwSignal::new(if follows { "catching up" } else { "live" }.to_owned()),
            tone: RwSignal::new(""),
            lines: RwSignal::new(tip.map(|tip| text::line_count(&tip)).unwrap_or_default()),
            size: RwSignal::new(tip.map(|tip| text::size(tip.len.get())).unwrap_or_default()),
            growth: RwSignal::new(String::new()),
            new_lines: RwSignal::new(0),
            new_rate: RwSignal::new(0),
            percent: RwSignal::new(if follows { 100 } else { 0 }),
            place: RwSignal::new(String::new()),
            bubble: RwSignal::new(String::new()),
            banner: RwSignal::new(String::new()),
            retry: RwSignal::new(String::new()),
            can_jump: RwSignal::new(false),
            heard: RwSignal::new(String::new()),
            is_empty: RwSignal::new(tip.is_some_and(|tip| tip.len.get() == 0)),
            row_count: RwSignal::new(-1),
            active_row: RwSignal::new(None),
        }
    }
}

impl Status {
    /// Another file: nothing is known of it.
    pub fn clear(self) {
        self.tip.set(None);
        for text in [self.lines, self.size, self.growth, self.place, self.banner, self.retry, self.heard] {
            text.set(String::new());
        }
        self.stream.set("catching up".to_owned());
        self.new_lines.set(0);
        self.new_rate.set(0);
        self.can_jump.set(false);
        self.is_empty.set(false);
    }
}
