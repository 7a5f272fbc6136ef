//! What a run would do, as bars on a time line.

use std::fmt::Write as _;

use crate::base::text::{count, foreign};
use crate::report::style::{Label, Page};
use crate::schedule::forecast::Forecast;

/// Draws a bar per package, which is a `unit` to its users; times are the plan's limits, so they
/// are an upper bound.
pub fn render(forecast: &Forecast, unit: &str, page: Page) -> String {
    let mut out = String::new();
    if forecast.bars.is_empty() && forecast.left.is_empty() {
        return "nothing is left to do\n".to_owned();
    }
    let lanes = forecast.bars.iter().map(|b| b.lane + 1).max().unwrap_or(0);
    let _ = writeln!(
        out,
        "{} in {}, at most {} minutes if nothing is tried twice",
        count(forecast.bars.len(), unit),
        count(lanes, "lane"),
        forecast.minutes
    );
    let names = forecast
        .bars
        .iter()
        .map(|b| b.package.as_str().chars().count());
    let width = names.max().unwrap_or(0);
    let columns = BAR_COLUMNS.min(page.width.saturating_sub(width + 12).max(10)) as u64;
    for bar in &forecast.bars {
        let at = |minute: u64| (minute * columns / forecast.minutes.max(1)) as usize;
        let (from, to) = (at(bar.start), at(bar.end));
        let line = "#".repeat((to - from).max(1));
        let name = foreign(bar.package.as_str()).to_string();
        let _ = writeln!(
            out,
            "  {name:width$}  {:>4}m  {}{}",
            bar.start,
            " ".repeat(from),
            page.paint(Label::Busy, &line)
        );
    }
    for (id, why) in &forecast.left {
        let _ = writeln!(
            out,
            "  {:width$}  not: {}",
            foreign(id.as_str()).to_string(),
            foreign(why)
        );
    }
    out
}

const BAR_COLUMNS: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::PackageId;
    use crate::schedule::forecast::Bar;

    #[test]
    fn bars_show_what_runs_beside_what() {
        let bar = |name: &str, lane, start, end| Bar {
            package: PackageId::parse(name).unwrap(),
            lane,
            start,
            end,
        };
        let forecast = Forecast {
            bars: vec![
                bar("wp-contracts", 0, 0, 30),
                bar("wp-api", 0, 30, 90),
                bar("wp-ui", 1, 30, 60),
            ],
            left: vec![(
                PackageId::parse("wp-docs").unwrap(),
                "not selected".to_owned(),
            )],
            minutes: 90,
        };
        insta::assert_snapshot!(render(&forecast, "package", Page::plain()), @r"
        3 packages in 2 lanes, at most 90 minutes if nothing is tried twice
          wp-contracts     0m  ####################
          wp-api          30m                      ########################################
          wp-ui           30m                      ####################
          wp-docs       not: not selected
        ");
    }
}
