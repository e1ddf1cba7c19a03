//! Any bytes as a frame: refused, or rows that add up and a frame that encodes to a message of the same meaning.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use taillight::row::rows_html;
use taillight::window::LineWindow;
use taillight::wire::Frame;

fuzz_target!(|bytes: &[u8]| {
    let Ok(frame) = Frame::decode(&Bytes::copy_from_slice(bytes)) else { return };
    let mut offset = frame.offset;
    for row in frame.rows() {
        assert!(row.offset == offset || (frame.sparse.is_some() && row.offset > offset));
        assert!(row.end >= row.offset);
        offset = row.end;
    }
    assert!(offset <= frame.end);
    let mut window = LineWindow::new(1 << 20);
    window.replace(&frame);
    assert_eq!(window.len(), frame.rows().count());
    let _ = (window.append(&frame), window.prepend(&frame), window.marker());
    assert!(window.first() <= window.last() && window.last() <= window.end());
    assert_eq!(rows_html(&frame).matches("<div class=\"row").count(), frame.rows().count());
    assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
});
