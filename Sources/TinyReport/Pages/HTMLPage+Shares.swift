extension HTMLPage {
    /// The share of the gain of full fine-tuning, one panel for each family that has published points.
    func shares(
        _ section: Section, _ x: Chart.Axis, _ published: [PublishedCurve], _ writer: inout PageWriter
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
        writer.add("<figure><div class=\"pair\">")
        for (title, series) in panels {
            var chart = Chart(
                title: "Share of the gain of full fine-tuning, \(title)",
                summary: "Share of the gain against trained parameters, with the published shares.", x: x,
                y: .init(label: "share of the full gain, %", scale: y, format: { decimal(100 * $0, 0) }), series: series
            )
            chart.references = [
                ChartReference(y: 0, label: "untrained", colour: .plain),
                ChartReference(y: 1, label: "full", colour: .plain),
            ]
            chart.labelWidth = 64
            chart.height = 270
            writer.add(panel(title, chart, &writer))
        }
        writer.add("</div>" + legend(LegendEntry.all(panels.flatMap(\.series))))
        writer.add(
            "<figcaption>"
                + writer.caption(
                    figure:
                        "Share of the gain of full fine-tuning that each size recovers: 0 is the untrained model, 100 "
                        + "full fine-tuning. Grey: published.")
                + "</figcaption></figure>\n")
    }
}
