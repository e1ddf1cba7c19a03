//! Key presses to actions: counts, sequences, and what the same key is called on different keyboards.

use super::{Binding, Count, KEYS, KeyAction};

/// A key press, as the browser tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyPress<'a> {
    /// `KeyboardEvent.key`.
    pub key: &'a str,
    /// `KeyboardEvent.code`; empty where it is not known.
    pub code: &'a str,
    /// Whether Control is down.
    pub ctrl: bool,
    /// Whether Alt (Option) is down.
    pub alt: bool,
    /// Whether Shift is down.
    pub shift: bool,
    /// Whether Meta (Command, Windows) is down. Those keys belong to the system and the browser.
    pub meta: bool,
}

/// What a key press is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// An action, with the number typed before it where it takes one: the browser must not act on the key.
    Action(KeyAction, Option<u64>),
    /// A part of one: the browser must not act on the key.
    Pending,
    /// Not ours: the browser acts on the key.
    Unbound,
}

/// Reads key presses one by one. It holds what was typed so far: a count, the first key of a sequence.
#[derive(Clone, Debug, Default)]
pub struct KeyReader {
    count: Option<u64>,
    /// The first key of a sequence.
    first: Option<String>,
}

impl Reading {
    /// The action, if it is one.
    pub const fn action(self) -> Option<(KeyAction, Option<u64>)> {
        match self {
            Self::Action(action, count) => Some((action, count)),
            Self::Pending | Self::Unbound => None,
        }
    }
}

impl KeyReader {
    /// Reads one press. `Esc` with something pending clears that and nothing else.
    pub fn feed(&mut self, press: &KeyPress<'_>) -> Reading {
        let Some(chord) = chord(press) else { return Reading::Unbound };
        let is_pending = self.count.is_some() || self.first.is_some();
        if chord == "Esc" && is_pending {
            self.clear();
            return Reading::Pending;
        }
        if let Some(first) = self.first.take() {
            if let Some(binding) = bound(&format!("{first} {chord}")) {
                return self.act(binding);
            }
            // Not a sequence after all: the second key stands for itself, and the count is void.
            self.count = None;
        }
        if let Some(digit) = digit(&chord).filter(|&digit| digit != 0 || self.count.is_some()) {
            self.count = Some(self.count.unwrap_or(0).saturating_mul(10).saturating_add(digit));
            return Reading::Pending;
        }
        if let Some(binding) = bound(&chord) {
            return self.act(binding);
        }
        if begins_sequence(&chord) {
            self.first = Some(chord);
            return Reading::Pending;
        }
        self.clear();
        Reading::Unbound
    }

    /// Forgets what was typed so far: the focus has moved, or the mouse was used.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What was typed so far, to show it; empty when nothing was.
    pub fn pending(&self) -> String {
        let count = self.count.map(|count| count.to_string()).unwrap_or_default();
        count + self.first.as_deref().unwrap_or_default()
    }

    fn act(&mut self, binding: &Binding) -> Reading {
        let count = self.count.take();
        self.clear();
        match (binding.count, count) {
            (Count::Required, None) => Reading::Unbound,
            (Count::None, _) => Reading::Action(binding.action, None),
            (_, count) => Reading::Action(binding.action, count),
        }
    }
}

/// The name of a press in the table; `None` for what is no key of its own: modifiers, an input method at work, Meta.
fn chord(press: &KeyPress<'_>) -> Option<String> {
    const SILENT: [&str; 13] = [
        "",
        "Shift",
        "Control",
        "Alt",
        "AltGraph",
        "Meta",
        "CapsLock",
        "NumLock",
        "Fn",
        "Dead",
        "Process",
        "Compose",
        "Unidentified",
    ];
    if press.meta || SILENT.contains(&press.key) {
        return None;
    }
    let is_character = press.key.chars().count() == 1;
    // AltGr is told as Control and Alt by some systems: what it makes is a plain character.
    let is_alt_gr =
        press.ctrl && press.alt && is_character && !press.key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let (ctrl, alt) = (press.ctrl && !is_alt_gr, press.alt && !is_alt_gr);
    // With Option, a Mac tells another character (`Ω` for `Z`): then the place of the key says which it is. Only then:
    // the place is that of a US keyboard, and a German `Z` is elsewhere.
    let is_letter = press.key.bytes().all(|byte| byte.is_ascii_alphabetic());
    let letter_of_code = press.code.strip_prefix("Key").filter(|_| alt && is_character && !is_letter);
    let key = match press.key {
        " " => "Space".to_owned(),
        "Escape" => "Esc".to_owned(),
        key if ctrl || alt => letter_of_code.unwrap_or(key).to_ascii_uppercase(),
        key => key.to_owned(),
    };
    // A plain character tells by itself that Shift was down.
    let shift = press.shift && (ctrl || alt || !is_character || press.key == " ");
    let modifiers = [(ctrl, "Ctrl+"), (alt, "Alt+"), (shift, "Shift+")];
    let prefix: String = modifiers.iter().filter(|(is_down, _)| *is_down).map(|(_, name)| *name).collect();
    Some(prefix + &key)
}

fn bound(keys: &str) -> Option<&'static Binding> {
    KEYS.iter().find(|binding| binding.keys.contains(&keys))
}

fn begins_sequence(chord: &str) -> bool {
    let is_begin = |keys: &&str| keys.strip_prefix(chord).is_some_and(|rest| rest.starts_with(' '));
    KEYS.iter().any(|binding| binding.keys.iter().any(is_begin))
}

fn digit(chord: &str) -> Option<u64> {
    let mut chars = chord.chars();
    let digit = chars.next()?.to_digit(10).map(u64::from);
    if chars.next().is_some() { None } else { digit }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A press from its name in the table, as a browser would tell it.
    fn press(name: &str) -> KeyPress<'_> {
        let mut press = KeyPress::default();
        let mut key = name;
        for (prefix, is_down) in [
            ("Ctrl+", &mut press.ctrl),
            ("Alt+", &mut press.alt),
            ("Shift+", &mut press.shift),
            ("Meta+", &mut press.meta),
        ] {
            if let Some(rest) = key.strip_prefix(prefix) {
                *is_down = true;
                key = rest;
            }
        }
        press.key = match key {
            "Space" => " ",
            "Esc" => "Escape",
            key => key,
        };
        press
    }

    /// Feeds keys with blanks between; the expected text is what was read, `.` for pending and `-` for unbound.
    fn check(keys: &str, expected: &str) {
        let mut reader = KeyReader::default();
        let read: Vec<String> = keys
            .split(' ')
            .map(|key| match reader.feed(&press(key)) {
                Reading::Action(action, None) => format!("{action:?}"),
                Reading::Action(action, Some(count)) => format!("{count}{action:?}"),
                Reading::Pending => ".".to_owned(),
                Reading::Unbound => "-".to_owned(),
            })
            .collect();
        assert_eq!(read.join(" "), expected, "{keys:?}");
    }

    #[test]
    fn every_key_of_the_table_does_what_it_says() {
        for binding in KEYS {
            for keys in binding.keys {
                let mut reader = KeyReader::default();
                if binding.count == Count::Required {
                    reader.feed(&press("7"));
                }
                let count = (binding.count == Count::Required).then_some(7);
                let last = keys.split(' ').map(|key| reader.feed(&press(key))).last();
                assert_eq!(last, Some(Reading::Action(binding.action, count)), "{keys:?}");
                assert_eq!(reader.pending(), "", "{keys:?}");
            }
        }
    }

    #[test]
    fn numbers_before_a_key_are_its_count() {
        check("2 0 j", ". . 20LineDown");
        check("1 2 0 0 G", ". . . . 1200Bottom");
        check("1 2 0 0 Shift Shift+G", ". . . . - 1200Bottom");
        check("5 0 %", ". . 50Percent");
        check("7 g g", ". . 7Top");
        check("0", "LineStart");
        check("1 0 j j", ". . 10LineDown LineDown");
        check("3 p", ". Pause");
        check("%", "-");
        check(&format!("{} j", ["9"; 25].join(" ")), &format!("{} {}LineDown", ["."; 25].join(" "), u64::MAX));
    }

    #[test]
    fn sequences_end_or_give_way() {
        check("g g", ". Top");
        check("g j", ". LineDown");
        check("5 g j", ". . LineDown");
        check("g G", ". Bottom");
        check("g x", ". -");
        check("g '", ". .");
        check("' '", ". Back");
        check("g g g", ". Top .");
        check("v e v a v x", ". Levels(Some(Error)) . Levels(None) . -");
    }

    #[test]
    fn escape_clears_what_is_pending_first() {
        check("5 Esc j", ". . LineDown");
        check("g Esc g g", ". . . Top");
        check("Esc", "Close");
    }

    #[test]
    fn keys_of_others_are_left_alone() {
        check("x Ctrl+C Ctrl+N Meta+k Ctrl+Shift+D Alt+ArrowLeft F5 Tab", "- - - - - - - -");
        check("5 x j", ". - LineDown");
        check("Ctrl+5 j", "- LineDown");
        check("# Ctrl+P Ctrl+- Ctrl++", "- - - -");
    }

    #[test]
    fn keyboards_name_the_same_key_differently() {
        let fed = |press: KeyPress<'_>| KeyReader::default().feed(&press).action().map(|(action, _)| action);
        let key = |key, code| KeyPress { key, code, ..KeyPress::default() };
        for (what, press, action) in [
            ("Ctrl+D", KeyPress { ctrl: true, ..key("d", "KeyD") }, Some(KeyAction::HalfPageDown)),
            ("Ctrl+D with caps lock", KeyPress { ctrl: true, ..key("D", "KeyD") }, Some(KeyAction::HalfPageDown)),
            ("Option+Z on a Mac", KeyPress { alt: true, ..key("Ω", "KeyZ") }, Some(KeyAction::Wrap)),
            ("Alt+Z on a German keyboard", KeyPress { alt: true, ..key("z", "KeyY") }, Some(KeyAction::Wrap)),
            ("AltGr+4 as `$`", KeyPress { ctrl: true, alt: true, ..key("$", "Digit4") }, Some(KeyAction::LineEnd)),
            ("Ctrl+Alt+B", KeyPress { ctrl: true, alt: true, ..key("b", "KeyB") }, None),
            ("`:` with Shift", KeyPress { shift: true, ..key(":", "Period") }, Some(KeyAction::GoTo)),
            ("`?` with Shift", KeyPress { shift: true, ..key("?", "Minus") }, Some(KeyAction::Help)),
            ("an input method", key("Process", "KeyJ"), None),
        ] {
            assert_eq!(fed(press), action, "{what}");
        }
    }
}
