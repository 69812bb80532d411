import TinyFoundation

extension HTMLPage {
    /// Evolution and policy gradients by the tokens they sampled.
    func equalTokens(_ section: Section, _ writer: inout HTMLWriter) {
        guard !section.equalTokens.isEmpty else { return }
        var table = HTMLTable(columns: [
            .text("method"), .number("parameters"), .number("tokens each"), .text("algorithm"), .text("differs in"),
            .number("accuracy %"), .number("seeds"),
        ])
        if let baseline = section.baselines.first {
            table.addUntrained(["0", "0", "", "", percent(baseline.accuracy.value), ""])
        }
        var charts: [(title: String, chart: Chart)] = []
        for comparison in section.equalTokens {
            let series = comparison.lines.flatMap { line in
                line.seeds.map { seed in
                    ChartSeries(
                        name: algorithmLabel(line.algorithm), colour: section.colour(of: line.algorithm),
                        marker: line.family == .evolution ? .triangle : .circle,
                        points: seed.map {
                            ChartPoint(
                                x: $0.tokens, y: $0.accuracy,
                                note: "\(algorithmLabel(line.algorithm)): \(percent($0.accuracy)) % after "
                                    + "\(compact($0.tokens)) tokens")
                        })
                }
            }
            let points = series.flatMap(\.points)
            var chart = Chart(
                title: "Accuracy against generated tokens, \(counted(comparison.parameters, "parameter"))",
                summary: "Evaluations while training by evolution and by policy gradients.",
                x: .init(
                    label: "tokens generated for training", scale: .round(around: points.map(\.x) + [0]),
                    format: compact),
                y: .init(
                    label: "accuracy, %", scale: .round(around: points.map(\.y), within: 0...1),
                    format: { decimal(100 * $0, 0) }), series: series)
            chart.movesAside = false
            chart.labelWidth = 20
            chart.height = 250
            charts.append(
                ("\(methodLabel(comparison.method)), \(counted(comparison.parameters, "parameter"))", chart))
            for (position, line) in comparison.lines.enumerated() {
                table.add(
                    [
                        escaped(methodLabel(comparison.method)), grouped(comparison.parameters),
                        compact(comparison.budget), escaped(algorithmLabel(line.algorithm)),
                        escaped(line.differences), line.accuracyWithinBudget.map(percent) ?? "–",
                        "\(line.seeds.count)",
                    ], style: position == 0 ? "group" : "")
            }
        }
        add(
            charts, legend: LegendEntry.all(charts.flatMap(\.chart.series)),
            caption: "Evolution against policy gradients with the same number of parameters: accuracy at each "
                + "evaluation against the tokens generated for training until then, one line for each seed.", &writer)
        let isIncomplete = section.equalTokens.contains { $0.lines.contains { $0.accuracyWithinBudget == nil } }
        writer.add(
            table,
            caption: "Accuracy at equal tokens: the last evaluation within the tokens that every line of a size has "
                + "spent, mean over seeds."
                + (isIncomplete
                    ? " – where a seed has no evaluation within them after its first step; eval_steps gives evaluations "
                        + "in between." : ""))
    }
}
