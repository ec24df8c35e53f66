//! The plots for the docs.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use crate::rows::Row;

/// Height of a name beside its line, in pixels.
const LINE: i32 = 16;

/// Rate by calls in flight, a line for each peer, both axes logarithmic; calls of about 100 bytes over one connection.
pub fn rates(file: &Path, medians: &[Row]) -> Result<(), Box<dyn Error>> {
    let rows: Vec<&Row> = medians.iter().filter(|row| row.payload == 100 && row.connections == 1).collect();
    let mut names: Vec<String> = Vec::new();
    for row in &rows {
        if !names.contains(&row.name()) {
            names.push(row.name());
        }
    }
    let of = |name: &str| -> Vec<(f64, f64)> {
        rows.iter().filter(|row| row.name() == name).map(|row| (row.in_flight as f64, row.rate)).collect()
    };
    let best = |name: &String| of(name).iter().map(|point| point.1).fold(0.0, f64::max);
    names.sort_by(|a, b| best(b).total_cmp(&best(a)));
    let slowest = rows.iter().map(|row| row.rate).fold(f64::MAX, f64::min);
    let fastest = rows.iter().map(|row| row.rate).fold(1.0, f64::max);

    let area = SVGBackend::new(file, (960, 560)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("Echo calls a second, by calls in flight (loopback, one connection)", ("sans-serif", 20))
        .margin(16)
        .margin_right(150)
        .x_label_area_size(44)
        .y_label_area_size(72)
        .build_cartesian_2d((0.9..300.0).log_scale(), (slowest * 0.8..fastest * 1.3).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("calls in flight")
        .y_desc("calls/s")
        .x_labels(8)
        .x_label_formatter(&|value| format!("{value:.0}"))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .light_line_style(BLACK.mix(0.06))
        .draw()?;
    let mut labels = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let color = Palette99::pick(number).to_rgba();
        // Ours are the thick ones.
        let width = if name.starts_with("pycom") { 4 } else { 2 };
        let points = of(name);
        chart.draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(width)))?;
        chart.draw_series(points.iter().map(|point| Circle::new(*point, width, color.filled())))?;
        if let Some(last) = points.last() {
            labels.push((chart.backend_coord(last), name, color));
        }
    }
    // Each name stands where its line ends, moved down where another is in its place.
    labels.sort_by_key(|((_, y), ..)| *y);
    let mut free = 0;
    for ((x, y), name, color) in labels {
        let y = free.max(y - LINE / 2);
        free = y + LINE;
        area.draw(&Text::new(name.as_str(), (x + 12, y), ("sans-serif", LINE - 2).into_font().color(&color)))?;
    }
    area.present()?;
    Ok(())
}
