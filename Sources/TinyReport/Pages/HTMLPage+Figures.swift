import TinyRecords

extension HTMLPage {
    /// Accuracy and share of the gain against the number of trained parameters, beside the published curves.
    func figures(_ section: Section, _ writer: inout HTMLWriter) {
        guard let figure = AccuracyFigure(section, note: note) else { return }
        let hasVariants = figure.own.flatMap(\.points).contains(where: \.isVariant)
        let hollow = hasVariants ? "Hollow: variants in a further setting. " : ""
        add(
            [(figure.ownTitle, figure.ours), (figure.publishedTitle, figure.theirs)], legend: figure.legend,
            caption: "Accuracy against the number of trained parameters, mean over seeds with 95 % intervals. "
                + "Dashed: the untrained model and full fine-tuning. \(hollow)Both panels have the same axes; the "
                + "published curves are of another model and other problems (\(escaped(PublishedCurve.source))).",
            &writer)
        shares(section, figure.ours.x, figure.curves, &writer)
    }

    /// The share of the gain of full fine-tuning, one panel for each family that has published points.
    private func shares(
        _ section: Section, _ x: Chart.Axis, _ published: [PublishedCurve], _ writer: inout HTMLWriter
    ) {
        guard section.results.contains(where: { $0.share != nil }) else { return }
        let groups: [(title: String, families: [Family])] = [
            ("RL and ES", [.policyGradient, .evolution]), ("SFT", [.supervised]),
        ]
        var panels: [(title: String, series: [ChartSeries])] = []
        for group in groups {
            let own = section.series { result in
                guard group.families.contains(result.family), let share = result.share else { return nil }
                return ChartPoint(
                    x: Double(result.parameters), y: share.value, low: share.low, high: share.high,
                    note: note(result) + ", \(percent(share.value)) % of the gain")
            }
            guard !own.isEmpty else { continue }
            let theirs = published.filter { group.families.contains($0.family) }.map { curve in
                ChartSeries(
                    name: methodLabel(curve.method) + ", published", colour: .plain,
                    marker: Marker(method: curve.method),
                    points: curve.points.map { point in
                        ChartPoint(
                            x: point.parameters, y: curve.share(point.accuracy),
                            note: "published: \(grouped(Int(point.parameters))) parameters, "
                                + "\(percent(curve.share(point.accuracy))) % of the gain")
                    })
            }
            panels.append((group.title, theirs + own))
        }
        let values = panels.flatMap(\.series).flatMap(\.points).flatMap { [$0.y, $0.low ?? $0.y, $0.high ?? $0.y] }
        let y = Scale.round(around: values.map { min(1.5, max(-0.5, $0)) } + [0, 1], steps: 7)
        let charts = panels.map { title, series in
            var chart = Chart(
                title: "Share of the gain of full fine-tuning, \(title)",
                summary: "Share of the gain against trained parameters, with the published shares.", x: x,
                y: .init(label: "share of the full gain, %", scale: y, format: { decimal(100 * $0, 0) }),
                series: series,
                references: [
                    ChartReference(y: 0, label: "untrained", colour: .plain),
                    ChartReference(y: 1, label: "full", colour: .plain),
                ])
            chart.labelWidth = 64
            chart.height = 270
            return (title, chart)
        }
        add(
            charts, legend: LegendEntry.all(panels.flatMap(\.series)),
            caption: "Share of the gain of full fine-tuning that each size recovers: 0 is the untrained model, 100 "
                + "full fine-tuning. Grey: published.", &writer)
    }

    // MARK: Pieces

    /// Adds charts side by side, each under its title, with a legend and a caption.
    func add(
        _ charts: [(title: String, chart: Chart)], legend: [LegendEntry], caption: String,
        _ writer: inout HTMLWriter
    ) {
        writer.add("<figure><div class=\"pair\">")
        for (title, chart) in charts {
            let svg = chart.svg(id: writer.identifier())
            writer.add("<div><p class=\"panel\">\(escaped(title))</p>\(svg)</div>")
        }
        writer.add("</div><p class=\"legend\">")
        for entry in legend {
            writer.add(
                "<span class=\"\(entry.colour.rawValue)\"><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\">"
                    + "<path class=\"dot\" d=\"\(entry.marker.path(7, 7))\"/></svg>\(escaped(entry.name))</span> ")
        }
        writer.add("</p>")
        writer.endFigure(caption: caption)
    }

    /// A result in words, and the numbers of its runs.
    func note(_ result: CellResult) -> String {
        result.words + ", runs " + result.sources.compactMap { numbers[$0.run].map(String.init) }.joined(separator: " ")
    }
}
