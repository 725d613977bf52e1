//! The plots of the report, as SVG.

use std::error::Error;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use sansgram_benches::Name;

use crate::amount::amount;
use crate::figures::Figures;
use crate::limits::limit;

const SIZE: (u32, u32) = (760, 400);
/// Colours that are told apart also if red and green look alike.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(213, 94, 0),
    RGBColor(90, 90, 90),
];

/// A plot, and the chapter of the report that shows it.
pub(crate) struct Plot {
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    pub(crate) chapter: &'static str,
    kind: Kind,
}

/// What a plot shows.
enum Kind {
    /// Bytes per second by size, on a logarithmic axis, for each library and the limit.
    Rate(&'static str),
    /// Requests per second by the number in flight; one line for each build, library and sum of these groups.
    Requests(&'static [&'static [&'static str]]),
    /// One bar for each library and part.
    Parts(&'static [&'static str]),
}

pub(crate) const PLOTS: [Plot; 4] = [
    Plot { file: "seal", title: "seal, GB/s by size", chapter: "Messages", kind: Kind::Rate("seal") },
    Plot { file: "open", title: "open, GB/s by size", chapter: "Messages", kind: Kind::Rate("open") },
    Plot {
        file: "requests",
        title: "million requests per second and core, by the number in flight",
        chapter: "Requests",
        kind: Kind::Requests(&[&["requests_packed", "replies_read"], &["machine"]]),
    },
    Plot {
        file: "handshake",
        title: "parts of the handshake",
        chapter: "Handshake and password",
        kind: Kind::Parts(&["dh", "factorize", "rsa_pad", "modpow_2048_g3", "modpow_2048_random_base"]),
    },
];

/// A line: its label, and its points.
type Line = (String, Vec<(f64, f64)>);

impl Plot {
    /// The SVG; none if nothing of it was measured.
    pub(crate) fn svg(&self, figures: &Figures) -> Option<String> {
        let drawn = match &self.kind {
            Kind::Rate(group) => self.lines("bytes", &rates(figures, group)),
            Kind::Requests(layers) => {
                let lines = layers.iter().flat_map(|groups| requests(figures, groups)).collect::<Vec<_>>();
                self.lines("in flight", &lines)
            }
            Kind::Parts(groups) => {
                let build = figures.builds().next()?;
                let bars = groups.iter().flat_map(|group| parts(figures, build, group));
                self.bars(&bars.collect::<Vec<_>>())
            }
        };
        drawn.expect("a string can be drawn into")
    }

    fn lines(&self, axis: &str, lines: &[Line]) -> Result<Option<String>, Box<dyn Error>> {
        let points = || lines.iter().flat_map(|(_, points)| points);
        let Some(largest) = points().map(|(x, _)| *x).max_by(f64::total_cmp) else { return Ok(None) };
        let Some(smallest) = points().map(|(x, _)| *x).min_by(f64::total_cmp) else { return Ok(None) };
        let top = points().map(|(_, y)| *y).fold(0.0, f64::max) * 1.05;
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 16))
            .margin(12)
            .set_label_area_size(LabelAreaPosition::Left, 44)
            .set_label_area_size(LabelAreaPosition::Bottom, 40)
            .build_cartesian_2d((smallest..largest.max(smallest * 1.01)).log_scale(), 0.0..top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .max_light_lines(0)
            .y_labels(8)
            .x_desc(axis)
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_label_formatter(&|y| format!("{y:.1}"))
            .draw()?;
        for ((label, points), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
            let width = if label == "limit" { 1 } else { 2 };
            let style = colour.stroke_width(width);
            chart
                .draw_series(LineSeries::new(points.iter().copied(), style).point_size(3))?
                .label(label)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(RGBColor(200, 200, 200))
            .draw()?;
        area.present()?;
        drop(chart);
        drop(area);
        Ok(Some(svg))
    }

    /// Horizontal bars with their time at the end. The axis is logarithmic: parts take from microseconds to many
    /// milliseconds.
    fn bars(&self, bars: &[(String, f64)]) -> Result<Option<String>, Box<dyn Error>> {
        if bars.is_empty() {
            return Ok(None);
        }
        const STEP: i32 = 20;
        const LEFT: i32 = 300;
        const RIGHT: i32 = 640;
        let height = 50 + STEP * i32::try_from(bars.len())?;
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, (SIZE.0, u32::try_from(height)?)).into_drawing_area();
        area.fill(&WHITE)?;
        area.titled(self.title, ("sans-serif", 16))?;
        let shortest = bars.iter().map(|(_, time)| time.ln()).fold(f64::INFINITY, f64::min) - 1.0;
        let longest = bars.iter().map(|(_, time)| time.ln()).fold(f64::NEG_INFINITY, f64::max);
        let style = |anchor| TextStyle::from(("sans-serif", 12)).pos(Pos::new(anchor, VPos::Center));
        for (index, (label, time)) in bars.iter().enumerate() {
            let y = 40 + STEP * i32::try_from(index)?;
            let share = (time.ln() - shortest) / (longest - shortest);
            let end = LEFT + (f64::from(RIGHT - LEFT) * share) as i32;
            let ours = label.contains("sansgram");
            let colour = COLOURS[usize::from(!ours)];
            area.draw(&Rectangle::new([(LEFT, y), (end, y + STEP - 5)], colour.filled()))?;
            let middle = y + (STEP - 5) / 2;
            area.draw(&Text::new(label.as_str(), (LEFT - 6, middle), style(HPos::Right)))?;
            area.draw(&Text::new(amount(*time, "ns"), (end + 6, middle), style(HPos::Left)))?;
        }
        area.present()?;
        drop(area);
        Ok(Some(svg))
    }
}

/// The libraries of a group.
fn libraries<'f>(figures: &'f Figures, group: &'f str) -> Vec<&'f str> {
    let mut libraries: Vec<&str> = figures.names(group).map(|name| name.library.as_str()).collect();
    libraries.sort_unstable_by_key(|library| (!library.starts_with("sansgram"), *library));
    libraries.dedup();
    libraries
}

/// The label of a line: builds other than the first are named.
fn label(figures: &Figures, library: &str, build: &str) -> String {
    if figures.builds().next() == Some(build) { library.to_owned() } else { format!("{library}, {build}") }
}

fn rates(figures: &Figures, group: &str) -> Vec<Line> {
    let sizes: Vec<(&str, f64)> = figures
        .parameters(group)
        .into_iter()
        .filter_map(|parameter| Some((parameter, parameter.parse().ok()?)))
        .collect();
    let line = |time: &dyn Fn(&str) -> Option<f64>| -> Vec<(f64, f64)> {
        let points = sizes.iter().filter_map(|(parameter, size)| Some((*size, size / time(parameter)?)));
        points.collect()
    };
    let mut lines = Vec::new();
    for build in figures.builds() {
        for library in libraries(figures, group) {
            let points = line(&|parameter| figures.value(build, &Name::new(group, library, parameter)));
            lines.push((label(figures, library, build), points));
        }
    }
    let limits =
        line(&|parameter| figures.builds().find_map(|build| limit(figures, build, group, parameter)));
    lines.push(("limit".to_owned(), limits));
    lines.retain(|(_, points)| !points.is_empty());
    lines
}

fn requests(figures: &Figures, groups: &[&str]) -> Vec<Line> {
    let Some(first) = groups.first() else { return Vec::new() };
    let title = if groups.len() > 1 { "session layer" } else { first };
    let mut lines = Vec::new();
    let Some(build) = figures.builds().next() else { return lines };
    for library in libraries(figures, first) {
        let point = |parameter: &str| {
            let times =
                groups.iter().map(|group| figures.value(build, &Name::new(group, library, parameter)));
            Some((parameter.parse().ok()?, 1000.0 / times.sum::<Option<f64>>()?))
        };
        let points: Vec<(f64, f64)> = figures.parameters(first).into_iter().filter_map(point).collect();
        lines.push((format!("{title}: {library}"), points));
    }
    lines.retain(|(_, points)| !points.is_empty());
    lines
}

fn parts(figures: &Figures, build: &str, group: &str) -> Vec<(String, f64)> {
    let bars = figures.parameters(group).into_iter().flat_map(|parameter| {
        libraries(figures, group).into_iter().filter_map(move |library| {
            let time = figures.value(build, &Name::new(group, library, parameter))?;
            Some((format!("{} — {library}", format!("{group} {parameter}").trim_end()), time))
        })
    });
    bars.collect()
}

#[cfg(test)]
mod tests {
    use sansgram_benches::Row;

    use super::*;

    #[test]
    fn a_plot_has_a_line_for_each_library_and_the_limit() {
        let mut figures = Figures::default();
        for (library, times) in [("sansgram", [400.0, 27_000.0]), ("grammers", [800.0, 60_000.0])] {
            for (size, time) in [64, 16_384].into_iter().zip(times) {
                figures.add("default", 0, Row::nanoseconds("open", library, size, time));
            }
        }
        for (group, parameter) in
            [("limit_aes", "one chain"), ("limit_sha256", "one chain"), ("limit_sha256", "many chains")]
        {
            figures.add("default", 0, Row::nanoseconds(group, "processor", parameter, 1.0));
        }
        let lines = rates(&figures, "open");
        let labels: Vec<&str> = lines.iter().map(|(label, _)| label.as_str()).collect();
        assert_eq!(labels, ["sansgram", "grammers", "limit"]);
        assert_eq!(lines[0].1[0], (64.0, 0.16));
        for (plot, drawn) in PLOTS.iter().zip([false, true, false, false]) {
            let svg = plot.svg(&figures);
            assert_eq!(svg.is_some(), drawn, "{}", plot.file);
            let Some(svg) = svg else { continue };
            assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
            assert!(labels.iter().all(|label| svg.contains(label)), "{svg}");
        }
    }

    #[test]
    fn requests_per_second_are_those_of_both_parts() {
        let mut figures = Figures::default();
        for (group, time) in [("requests_packed", 300.0), ("replies_read", 200.0), ("machine", 1000.0)] {
            figures.add("default", 0, Row::nanoseconds(group, "sansgram", 100, time));
        }
        figures.add("default", 0, Row::nanoseconds("requests_packed", "sansgram", 1000, 300.0));
        let session = requests(&figures, &["requests_packed", "replies_read"]);
        assert_eq!(session, [("session layer: sansgram".to_owned(), vec![(100.0, 2.0)])]);
        assert_eq!(requests(&figures, &["machine"]), [("machine: sansgram".to_owned(), vec![(100.0, 1.0)])]);
    }

    #[test]
    fn a_bar_names_part_and_library() {
        let mut figures = Figures::default();
        figures.add("default", 0, Row::nanoseconds("dh", "sansgram", "agree", 2e6));
        figures.add("default", 0, Row::nanoseconds("factorize", "grammers", "", 1e6));
        let svg = PLOTS[3].svg(&figures).expect("there are bars");
        for text in ["dh agree — sansgram", "2.00 ms", "factorize — grammers", "1.00 ms"] {
            assert!(svg.contains(text), "{text} is missing in {svg}");
        }
    }
}
