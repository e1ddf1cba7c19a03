//! Any bytes as a line, and as a time that was typed: nothing panics, and what is printed is read as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use taillight::level::Level;
use taillight::timestamp::{Context, Format, Stamp, TimeExpr, Zone};

fuzz_target!(|input: (Vec<u8>, i64, i32)| {
    let (bytes, modified, offset) = input;
    let context = Context::new(Zone::fixed(offset % 90_000), Stamp::from_nanos(modified));
    let format = Format::learn(bytes.split(|&byte| byte == b'\n'));
    for line in bytes.split(|&byte| byte == b'\n') {
        let _ = Level::of(line);
        for format in [format, Format::default()] {
            if let Some(stamp) = format.find(line).and_then(|reading| reading.stamp(&context)) {
                let printed = stamp.to_string();
                assert_eq!(Format::default().find(printed.as_bytes()).and_then(|time| time.stamp(&context)), Some(stamp));
            }
        }
    }
    if let Ok(text) = std::str::from_utf8(&bytes)
        && let Some(time) = TimeExpr::parse(text)
    {
        assert_eq!(TimeExpr::parse(&time.to_string()), Some(time), "{time}");
        let _ = time.resolve(Stamp::from_nanos(modified), context.zone());
    }
});
