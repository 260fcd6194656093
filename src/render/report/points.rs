//! Points with intervals: x is a share, y a ratio on a logarithmic scale.

use super::drawing::{CHARACTER, Circle, Drawing};
use super::{Cell, Table, Tint};
use crate::render::shortened;

/// Ratios beyond these are drawn at the edge.
const FARTHEST: (f64, f64) = (0.1, 50.0);

/// The possible positions of horizontal lines.
const TICKS: [f64; 9] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0];

/// Longer names are cut, on wide screens and on phones.
const NAME: (usize, usize) = (40, 18);

pub(super) struct Plot {
    points: Vec<Point>,
    x_title: &'static str,
    y_title: &'static str,
}

struct Point {
    name: String,
    x: f64,
    y: f64,
    /// The ends of the interval; `None` if unknown.
    interval: Option<(f64, f64)>,
    title: String,
    tint: Tint,
}

impl Plot {
    /// The rows of a table with known coordinates; `None` if a column is missing.
    pub(super) fn of(table: &Table, [x, y, low, high]: [&str; 4]) -> Option<Plot> {
        let ((x, x_column), (y, y_column)) = (table.column(x)?, table.column(y)?);
        let (low, high) = (table.column(low)?.0, table.column(high)?.0);
        let point = |row: &super::TableRow| {
            let cells = [x, y, low, high].map(|place| &row.cells[place]);
            let [x, y, low, high] = cells.map(Cell::rounded);
            let name = row.item.label.text();
            Some(Point {
                x: x?,
                y: y?,
                interval: low.zip(high),
                title: explained(&name, cells, [x_column.title, y_column.title]),
                name: name.into_owned(),
                tint: row.tint,
            })
        };
        let points = table.rows.iter().filter_map(point).collect();
        Some(Plot { points, x_title: x_column.title, y_title: y_column.title })
    }

    /// The positions of horizontal lines: round ratios around 1 and all points and intervals.
    fn ticks(&self) -> Vec<f64> {
        let ends = |point: &Point| point.interval.unwrap_or((point.y, point.y));
        let values = self.points.iter().flat_map(|point| [ends(point).0, point.y, ends(point).1]);
        let (least, most) = values.fold((0.5_f64, 2.0_f64), |(least, most), value| {
            (least.min(value.max(FARTHEST.0)), most.max(value.min(FARTHEST.1)))
        });
        let first = TICKS.iter().rposition(|tick| *tick <= least).unwrap_or_default();
        let last = TICKS.iter().position(|tick| *tick >= most).unwrap_or(TICKS.len() - 1);
        TICKS[first..=last].to_vec()
    }
}

/// A point in words: `silent: coverage 64.0 %, lift 2.16 (1.80 to 2.60)`.
fn explained(name: &str, [x, y, low, high]: [&Cell; 4], [x_title, y_title]: [&str; 2]) -> String {
    let place = format!("{name}: {x_title} {}, {y_title} {}", x.text(), y.text());
    match (low, high) {
        (Cell::Unknown, _) | (_, Cell::Unknown) => place,
        _ => format!("{place} ({} to {})", low.text(), high.text()),
    }
}

/// A rectangle: left, top, right, bottom.
pub(super) type Area = [f64; 4];

pub(super) fn overlap(a: &Area, b: &Area) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

impl Drawing {
    /// Draws points with their intervals and names, on lines at round ratios.
    pub(super) fn points(&mut self, plot: &Plot) {
        let ticks = plot.ticks();
        let (Some(bottom), Some(top)) = (ticks.first().copied(), ticks.last().copied()) else {
            return;
        };
        // Half of the last label lies to the right of the last line.
        let [left, right, head, foot] = [34.0, self.width - 20.0, 26.0, 290.0];
        self.height = foot + 40.0;
        let x = |share: f64| left + share.clamp(0.0, 100.0) / 100.0 * (right - left);
        let y = |ratio: f64| {
            let height = (ratio.clamp(bottom, top) / bottom).ln() / (top / bottom).ln();
            foot - height * (foot - head)
        };
        for tick in &ticks {
            let class = if *tick == 1.0 { "today" } else { "grid" };
            self.rule([left, y(*tick), right, y(*tick)], class);
            self.text(left - 6.0, y(*tick) + 4.0, "end", "axis", tick);
        }
        for tick in [0.0, 25.0, 50.0, 75.0, 100.0] {
            self.text(x(tick), foot + 17.0, "middle", "axis", format!("{tick} %"));
        }
        self.text(0.0, 12.0, "start", "axis", plot.y_title);
        self.text(right, self.height - 4.0, "end", "axis", plot.x_title);
        for point in &plot.points {
            if let Some((low, high)) = point.interval {
                self.rule([x(point.x), y(low), x(point.x), y(high)], "interval");
            }
        }
        for Point { x: share, y: ratio, tint, title, .. } in &plot.points {
            self.circle([x(*share), y(*ratio)], 5.0, tint.class(), title.clone());
        }
        let meanings = [
            (Tint::Good, "better than chance"),
            (Tint::Unknown, "not shown to be better"),
            (Tint::Poor, "worse than chance"),
        ];
        let used: Vec<Tint> = plot.points.iter().map(|point| point.tint).collect();
        self.explain_used(&meanings, &used);
        self.name_points(plot);
    }

    /// Labels each point beside it, where it covers no other label, point or interval.
    fn name_points(&mut self, plot: &Plot) {
        let mut taken: Vec<Area> = Vec::new();
        taken.extend(self.circles.iter().map(|c| [c.x - 6.0, c.y - 6.0, c.x + 6.0, c.y + 6.0]));
        let intervals = self.lines.iter().filter(|line| line.class == "interval");
        taken.extend(intervals.map(|line| {
            [line.x1 - 1.0, line.y1.min(line.y2), line.x1 + 1.0, line.y1.max(line.y2)]
        }));
        for (place, point) in plot.points.iter().enumerate() {
            let Circle { x, y, .. } = self.circles[place];
            let name = shortened(&point.name, if self.is_narrow() { NAME.1 } else { NAME.0 });
            let long = name.chars().count() as f64 * CHARACTER;
            let start = place_for(&taken, [x, y, long], [self.width, self.height - 36.0]);
            taken.push([start.0, start.1 - 10.0, start.0 + long, start.1 + 3.0]);
            self.text(start.0, start.1, "start", "name", name);
        }
    }
}

/// The position of a label: right or left of its point, as close as possible.
fn place_for(taken: &[Area], [x, y, long]: [f64; 3], [width, height]: [f64; 2]) -> (f64, f64) {
    const BESIDE: f64 = 9.0;
    const STEP: f64 = 13.0;
    let heights = (0..8).flat_map(|step| {
        let far = f64::from(step) * STEP;
        if step == 0 { vec![0.0] } else { vec![-far, far] }
    });
    let places =
        heights.flat_map(|far| [x + BESIDE, x - BESIDE - long].map(|start| (start, y + 4.0 + far)));
    let is_inside = |(start, base): &(f64, f64)| {
        *start >= 0.0 && start + long <= width && *base >= 20.0 && *base <= height
    };
    let is_free = |(start, base): &(f64, f64)| {
        let area = [*start, base - 10.0, start + long, base + 3.0];
        !taken.iter().any(|other| overlap(&area, other))
    };
    let inside: Vec<(f64, f64)> = places.filter(is_inside).collect();
    let free = inside.iter().find(|place| is_free(place)).or(inside.first());
    free.copied().unwrap_or(((width - long).max(0.0), y + 4.0))
}

#[cfg(test)]
mod tests {
    use super::super::RowLabel;
    use super::super::draw::draw;
    use super::super::drawing::{NARROW, WIDE};
    use super::super::{Chart, ChartKind};
    use super::*;

    /// Name, coverage, lift and its interval.
    type Rule = (&'static str, Option<f64>, Option<f64>, Option<(f64, f64)>);

    fn table(rules: &[Rule]) -> Table {
        Table::of("rules", "Rules", ("rule", "rule"), rules, |(name, ..)| RowLabel::new(name))
            .number("coverage", "coverage", |(_, share, ..)| {
                share.map_or(Cell::Unknown, Cell::Percent)
            })
            .number("lift", "lift", |(_, _, lift, _)| Cell::ratio(*lift))
            .number("lift_low", "from", |(.., ends)| Cell::ratio(ends.map(|(low, _)| low)))
            .number("lift_high", "to", |(.., ends)| Cell::ratio(ends.map(|(_, high)| high)))
            .done()
    }

    fn drawing(rules: &[Rule], width: f64) -> Option<Drawing> {
        let kind =
            ChartKind::Points { x: "coverage", y: "lift", low: "lift_low", high: "lift_high" };
        draw(&table(rules), &Chart::new("Lift against coverage", kind), width)
    }

    #[test]
    fn a_ratio_lies_as_far_above_one_as_its_inverse_below() {
        let rules = [
            ("twice", Some(50.0), Some(2.0), Some((1.0, 4.0))),
            ("half", Some(0.0), Some(0.5), Some((0.25, 1.0))),
        ];
        let drawing = drawing(&rules, WIDE).unwrap();
        let one = drawing.lines.iter().find(|line| line.class == "today").unwrap();
        let [twice, half] = [&drawing.circles[0], &drawing.circles[1]];
        // Rounded to a tenth of a pixel.
        assert!(((one.y1 - twice.y) - (half.y - one.y1)).abs() < 0.25);
        assert_eq!((half.x, twice.x), (34.0, 34.0 + (720.0 - 34.0 - 20.0) / 2.0));
        let intervals: Vec<_> =
            drawing.lines.iter().filter(|line| line.class == "interval").collect();
        assert_eq!(intervals.len(), 2);
        assert_eq!((intervals[0].x1, intervals[0].y1), (twice.x, one.y1));
        assert_eq!(twice.title, "twice: coverage 50.0 %, lift 2.00 (1.00 to 4.00)");
    }

    #[test]
    fn unknown_values_are_not_drawn() {
        let rules = [
            ("no interval", Some(20.0), Some(0.0), None),
            ("no lift", Some(20.0), None, None),
            ("no coverage", None, Some(1.0), None),
        ];
        let drawn = drawing(&rules, WIDE).unwrap();
        assert_eq!(drawn.circles.len(), 1);
        assert_eq!(drawn.circles[0].title, "no interval: coverage 20.0 %, lift 0.00");
        assert!(drawn.lines.iter().all(|line| line.class != "interval"));
        assert!(drawing(&rules[1..], WIDE).is_none());
    }

    #[test]
    fn names_do_not_cover_each_other() {
        let rules = [
            ("fading", Some(37.0), Some(2.10), Some((1.7, 2.6))),
            ("silent", Some(64.0), Some(2.16), Some((1.9, 2.5))),
            ("hardly-used", Some(42.0), Some(2.30), Some((1.8, 2.9))),
            ("unusually-silent", Some(30.0), Some(3.18), Some((2.3, 4.4))),
            ("together", Some(72.0), Some(2.31), Some((2.0, 2.7))),
            ("one-a-company", Some(72.0), Some(2.2), Some((1.9, 2.5))),
            ("yardstick", Some(82.0), Some(0.68), Some((0.6, 0.8))),
        ];
        for width in [WIDE, NARROW] {
            let drawn = drawing(&rules, width).unwrap();
            let areas: Vec<Area> = drawn
                .texts
                .iter()
                .filter(|text| text.class == "name")
                .map(|text| {
                    let long = text.text.chars().count() as f64 * CHARACTER;
                    [text.x, text.y - 10.0, text.x + long, text.y + 3.0]
                })
                .collect();
            assert_eq!(areas.len(), rules.len());
            for (place, area) in areas.iter().enumerate() {
                assert!(area[0] >= 0.0 && area[2] <= width, "{}", rules[place].0);
                let others = &areas[place + 1..];
                assert!(!others.iter().any(|other| overlap(area, other)), "{}", rules[place].0);
            }
        }
    }
}
