//! Plan documents: the corpus where it stands beside the checkout, and what holds of every reader.

use std::path::{Path, PathBuf};

use git_wp::model::{Format, ItemStatus};
use git_wp::plan::outline::{Item, Mark, Outline, Target, Text};
use git_wp::plan::outline_of::read_outline;

/// The corpus of real files.
pub(crate) fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus")
}

/// Name and text of the documents in a folder of the corpus; none, after saying so, where there
/// is no corpus.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn documents(folder: &str) -> Vec<(String, String)> {
    let Ok(entries) = std::fs::read_dir(corpus().join(folder)) else {
        eprintln!("skipped: no corpus at {}", corpus().display());
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no documents in {folder}");
    found
}

/// Reads a document, and checks what holds of every outline.
pub(crate) fn outline(format: Format, source: &str) -> Outline {
    let text = Text::new(source, "plan.md");
    let outline = read_outline(format, &text).unwrap();
    let mut marks = Vec::new();
    for (nth, item) in outline.items.iter().enumerate() {
        assert!(source.get(item.range.clone()).is_some(), "{}", item.id);
        assert!(item.parent.is_none_or(|parent| parent < nth));
        marks.extend(spot(source, &item.mark));
        marks.extend(
            item.steps
                .iter()
                .filter_map(|step| spot(source, &step.mark)),
        );
    }
    marks.extend(outline.mark.iter().filter_map(|mark| spot(source, mark)));
    marks.sort_by_key(|range| (range.start, range.end));
    for pair in marks.windows(2) {
        assert!(pair[0].end <= pair[1].start, "{pair:?}");
        assert!(pair[0] != pair[1], "{pair:?}");
    }
    let lines = u32::try_from(text.lines().len()).unwrap().max(1);
    assert!(
        outline
            .findings
            .iter()
            .all(|f| (1..=lines).contains(&f.line))
    );
    outline
}

fn spot(source: &str, mark: &Mark) -> Option<std::ops::Range<usize>> {
    let range = mark.range.clone()?;
    assert_eq!(source.get(range.clone()), Some(mark.text.as_str()));
    Some(range)
}

/// What an element of a plan is, apart from its place.
#[derive(Debug, PartialEq)]
pub(crate) struct Gist {
    id: String,
    title: String,
    status: ItemStatus,
    depends_on: Vec<Target>,
    labels: Vec<(String, String)>,
    files: Vec<String>,
}

fn gist(item: &Item) -> Gist {
    Gist {
        id: item.id.clone(),
        title: item.title.clone(),
        status: item.mark.status,
        depends_on: item.depends_on.iter().map(|d| d.to.clone()).collect(),
        labels: item.labels.clone().into_iter().collect(),
        files: item.scope.entries.iter().map(|e| e.path.clone()).collect(),
    }
}

/// The elements of a plan without their places.
pub(crate) fn gists(outline: &Outline) -> Vec<Gist> {
    outline.items.iter().map(gist).collect()
}

/// An open fence before any line of these documents changes no element.
pub(crate) fn fences_change_nothing(format: Format, documents: &[(String, String)]) {
    for (name, source) in documents {
        let whole = gists(&outline(format, source));
        let starts: Vec<_> = source.match_indices('\n').map(|(at, _)| at + 1).collect();
        for at in starts {
            let fenced = format!("{}```\n{}", &source[..at], &source[at..]);
            let read = read_outline(format, &Text::new(&fenced, "plan.md")).unwrap();
            assert_eq!(gists(&read), whole, "{name}: fence at byte {at}");
        }
    }
}

/// Documents cut anywhere, and with bytes changed at random, are read to sane outlines.
pub(crate) fn damage_is_survived(format: Format, documents: &[(String, String)]) {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % u64::try_from(below).unwrap()).unwrap()
    };
    let pieces = [
        "\n", "\r", "#", "### ", "- [", "]", "[x]", "**", ":", "`", "|", "(", "é", "\u{feff}",
        "--", "1-9", "\t", "Phase ", ",", "_",
    ];
    for (_, source) in documents {
        let cuts = source.char_indices().map(|(at, _)| at);
        let step = (source.len() / 400).max(1);
        for at in cuts.step_by(step) {
            outline(format, &source[..at]);
        }
        for _ in 0..100 {
            let mut bytes = source.clone().into_bytes();
            for _ in 0..=random(20) {
                let at = random(bytes.len());
                let piece = pieces[random(pieces.len())].bytes();
                let end = (at + random(6)).min(bytes.len());
                bytes.splice(at..end, piece);
            }
            outline(format, &String::from_utf8_lossy(&bytes));
        }
    }
}

/// No line makes a reader slow, however often it is repeated.
pub(crate) fn repetition_is_cheap(format: Format, lines: &[&str]) {
    for line in lines {
        let source = format!("{line}\n").repeat((1 << 20) / (line.len() + 1));
        read_outline(format, &Text::new(&source, "plan.md")).unwrap();
    }
}
