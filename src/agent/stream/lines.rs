//! Bytes to lines, in bounded memory.

/// Longest line that is kept whole. What is longer is cut, and so cannot be read as JSON.
pub(super) const LINE_MAX: usize = 1 << 20;

/// Puts lines together from chunks.
#[derive(Debug, Default)]
pub(super) struct Lines {
    open: Vec<u8>,
    /// Bytes of the open line that were not kept.
    lost: u64,
}

impl Lines {
    /// Takes a chunk; calls `each` with every line that ended, and whether it was cut.
    pub(super) fn take(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(&[u8], bool)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            if self.open.is_empty() && self.lost == 0 && line.len() <= LINE_MAX {
                each(line, false);
            } else {
                self.keep(line);
                self.close(each);
            }
            bytes = rest;
        }
        self.keep(bytes);
    }

    /// Ends the last line, which may have no line feed.
    pub(super) fn close(&mut self, each: &mut dyn FnMut(&[u8], bool)) {
        if !self.open.is_empty() || self.lost > 0 {
            each(&self.open, self.lost > 0);
            self.open.clear();
            self.lost = 0;
        }
        if self.open.capacity() > LINE_MAX / 8 {
            self.open = Vec::new();
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let fits = bytes.len().min(LINE_MAX - self.open.len());
        self.open.extend_from_slice(&bytes[..fits]);
        self.lost += (bytes.len() - fits) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(chunks: &[&[u8]]) -> Vec<(usize, bool)> {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        let mut each = |line: &[u8], cut| out.push((line.len(), cut));
        for chunk in chunks {
            lines.take(chunk, &mut each);
            assert!(lines.open.len() <= LINE_MAX);
        }
        lines.close(&mut each);
        out
    }

    #[test]
    fn lines_are_put_together_over_chunks() {
        let cuts = [(2, false), (0, false), (3, false), (1, false)];
        assert_eq!(lines_of(&[b"a", b"b\n\nxy", b"z\nq"]), cuts);
        assert_eq!(lines_of(&[b"ab\n\nxyz\nq"]), cuts);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let chunk = vec![b'x'; 1 << 19];
        let mut chunks: Vec<&[u8]> = vec![&chunk; 64];
        chunks.push(b"\nab\n");
        assert_eq!(lines_of(&chunks), [(LINE_MAX, true), (2, false)]);
        let long = vec![b'y'; LINE_MAX + 1];
        assert_eq!(lines_of(&[&long]), [(LINE_MAX, true)]);
    }
}
