import TinyFoundation
import TinyRecords

/// Accuracy against the number of trained parameters, and the published curves on the same axes: the first figure of a page, and
/// a picture of its own.
struct AccuracyFigure {
    /// The report's own points.
    let own: [ChartSeries]
    /// The published points of the same families.
    let published: [ChartSeries]
    let curves: [PublishedCurve]
    let ours: Chart
    let theirs: Chart
    let ownTitle: String
    let publishedTitle = "Published: \(PublishedCurve.task)"

    /// Makes the figure; `nil` for a section without results.
    ///
    /// - Parameter note: Tooltip of a result.
    init?(_ section: Section, note: (CellResult) -> String) {
        guard !section.results.isEmpty else { return nil }
        own = section.series { result in
            ChartPoint(
                x: Double(result.parameters), y: result.accuracy.value, low: result.accuracy.low,
                high: result.accuracy.high, note: note(result))
        }
        // Evolution learns from the same rewards as policy gradients, so it is compared with the same curves.
        let families = Set(section.results.map { $0.family == .evolution ? .policyGradient : $0.family })
        curves = PublishedCurve.all.filter { families.contains($0.family) }
        published = curves.map(\.series)
        let values = (own + published).flatMap(\.points).flatMap { [$0.y, $0.low ?? $0.y, $0.high ?? $0.y] }
        let x = Chart.Axis(
            label: "trained parameters", scale: .decades(around: (own + published).flatMap(\.points).map(\.x)),
            format: compact)
        let y = Chart.Axis(
            label: "accuracy, %",
            scale: .round(
                around: values + [PublishedCurve.untrained] + section.baselines.map(\.accuracy.value), steps: 6,
                within: 0...1), format: { decimal(100 * $0, 0) })
        let untrained =
            section.baselines.first.map { "The untrained model reaches \(percent($0.accuracy.value)) %. " } ?? ""
        let best = section.results.max { $0.accuracy.value < $1.accuracy.value }
        ours = Chart(
            title: "Accuracy against trained parameters",
            summary: untrained + (best.map { "The best configuration is \(note($0))." } ?? ""), x: x, y: y, series: own,
            references: section.referenceLines)
        theirs = Chart(
            title: "Published accuracy against trained parameters",
            summary: "\(PublishedCurve.task), from \(PublishedCurve.source).", x: x, y: y, series: published,
            references: PublishedCurve.references(families))
        ownTitle = "This report: \(section.model.name), \(section.problemSet)"
    }

    /// The legend of both panels, each entry once.
    var legend: [LegendEntry] { LegendEntry.all(own, published: published) }
}

/// The meaning of a colour and a shape.
struct LegendEntry: Hashable {
    let colour: ChartColour
    let marker: Marker
    let name: String

    /// Entries for some series, each once. A published series that looks like one of this report has no entry of its own.
    static func all(_ series: [ChartSeries], published: [ChartSeries] = []) -> [LegendEntry] {
        var entries: [LegendEntry] = []
        for series in series {
            let entry = LegendEntry(colour: series.colour, marker: series.marker, name: series.name)
            if !entries.contains(entry) { entries.append(entry) }
        }
        for series in published
        where !entries.contains(where: { $0.colour == series.colour && $0.marker == series.marker }) {
            entries.append(
                LegendEntry(colour: series.colour, marker: series.marker, name: series.name + " (published)"))
        }
        return entries
    }
}

extension Section {
    /// One series for each algorithm and method, with the points that `point` makes.
    func series(point: (CellResult) -> ChartPoint?) -> [ChartSeries] {
        var series: [ChartSeries] = []
        for result in results {
            guard var next = point(result) else { continue }
            let name = seriesName(method: result.method, algorithm: algorithmLabel(result.algorithm))
            if let index = series.firstIndex(where: { $0.name == name }) {
                next.isVariant = series[index].points.contains { $0.x == next.x }
                series[index].points.append(next)
            } else {
                series.append(
                    ChartSeries(
                        name: name, colour: colour(of: result.algorithm), marker: Marker(method: result.method),
                        points: [next]))
            }
        }
        return series
    }

    /// Lines of the untrained model, and of the full fine-tuning that shares refer to in its own family.
    fileprivate var referenceLines: [ChartReference] {
        baselines.prefix(2).map {
            ChartReference(y: $0.accuracy.value, label: "untrained \(percent($0.accuracy.value))", colour: .plain)
        }
            + references.filter { Family(algorithm: $0.algorithm) == $0.family }.map {
                ChartReference(
                    y: $0.accuracy, label: "full \($0.family.label) \(percent($0.accuracy))",
                    colour: ChartColour($0.family))
            }
    }
}

extension PublishedCurve {
    fileprivate var series: ChartSeries {
        ChartSeries(
            name: seriesName(method: method, algorithm: family.label), colour: ChartColour(family),
            marker: Marker(method: method),
            points: points.map { point in
                ChartPoint(
                    x: point.parameters, y: point.accuracy,
                    note: "published: \(grouped(Int(point.parameters))) parameters, \(percent(point.accuracy)) %")
            })
    }

    fileprivate static func references(_ families: Set<Family>) -> [ChartReference] {
        [ChartReference(y: untrained, label: "untrained \(percent(untrained))", colour: .plain)]
            + Family.allCases.filter(families.contains).compactMap { family in
                full[family].map {
                    ChartReference(y: $0, label: "full \(family.label) \(percent($0))", colour: ChartColour(family))
                }
            }
    }
}

extension CellResult {
    /// The configuration and its accuracy in words.
    var words: String {
        var words = "\(methodLabel(method)), \(algorithmLabel(algorithm)), "
        words += "\(grouped(parameters)) parameters: \(percent(accuracy.value)) %"
        let interval = percentInterval(accuracy)
        if !interval.isEmpty { words += " \(interval)" }
        if !differences.isEmpty { words += ", \(differences)" }
        return words + ", " + counted(seeds.count, "seed")
    }
}

private func seriesName(method: String, algorithm: String) -> String { "\(methodLabel(method)), \(algorithm)" }
