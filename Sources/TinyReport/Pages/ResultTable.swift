/// The main table as text: one row for each configuration, the untrained model first.
struct ResultTable {
    let section: Section

    /// Every number, for Markdown.
    var complete: TableText {
        table([
            ("method", .left), ("algorithm", .left), ("parameters", .right), ("bytes", .right), ("differs in", .left),
            ("rate", .right), ("seeds", .right), ("accuracy %", .right), ("95 %", .left), ("gain", .right),
            ("of full %", .right), ("95 %", .left), ("McNemar p", .right), ("tokens", .right), ("time", .right),
        ]) { baseline in
            [
                "untrained", "", "0", "0", "", "", "", percent(baseline.accuracy.value),
                percentInterval(baseline.accuracy), "", "", "", "", "", "",
            ]
        } row: { result in
            [
                methodLabel(result.method), algorithmLabel(result.algorithm), grouped(result.parameters),
                grouped(result.bytes), result.differences, rate(result), "\(result.seeds.count)",
                percent(result.accuracy.value), percentInterval(result.accuracy), gain(result), share(result),
                result.share.map(percentInterval) ?? "", result.largestP.map(pValue) ?? "",
                result.generatedTokens.map(compact) ?? "", clock(result.trainingSeconds),
            ]
        }
    }

    /// What fits on a terminal, with the rewards of the first seed as a curve.
    var brief: TableText {
        table([
            ("method", .left), ("by", .left), ("numbers", .right), ("differs in", .left), ("rate", .right),
            ("seeds", .right), ("accuracy %", .left), ("gain", .right), ("of full", .right), ("p", .right),
            ("tokens", .right), ("reward", .left),
        ]) { baseline in
            ["untrained", "", "0", "", "", "", accuracy(baseline.accuracy), "", "", "", "", ""]
        } row: { result in
            [
                methodLabel(result.method), algorithmLabel(result.algorithm), grouped(result.parameters),
                result.differences, rate(result), "\(result.seeds.count)", accuracy(result.accuracy), gain(result),
                share(result), result.largestP.map(pValue) ?? "", result.generatedTokens.map(compact) ?? "",
                reward(result),
            ]
        }
    }

    private func table(
        _ columns: [(title: String, side: TableText.Side)], baseline: (Baseline) -> [String],
        row: (CellResult) -> [String]
    ) -> TableText {
        var table = TableText(columns)
        for control in section.baselines { table.add(baseline(control)) }
        for result in section.results { table.add(row(result)) }
        return table
    }

    private func accuracy(_ estimate: Estimate) -> String {
        percent(estimate.value) + " " + percentInterval(estimate)
    }

    private func rate(_ result: CellResult) -> String {
        (result.learningRate.map(shortest) ?? "") + result.choice.mark
    }

    private func gain(_ result: CellResult) -> String { result.gain.map { signedPercent($0.value) } ?? "" }

    private func share(_ result: CellResult) -> String { result.share.map { percent($0.value) } ?? "" }

    private func reward(_ result: CellResult) -> String {
        sparkline(result.cell.first.steps.compactMap { $0.metrics["reward"] }, width: 12)
    }

    /// What the table's numbers are, in sentences.
    var notes: [String] {
        var notes = [
            "Accuracy: strict grade on \(grouped(section.problems)) problems of \(section.problemSet), mean over seeds."
        ]
        notes.append(StatisticsText.interval(of: section))
        if section.results.contains(where: { $0.choice == .validation }) {
            notes.append("Of several learning rates the one shown was chosen on validation problems.")
        }
        if section.results.contains(where: { $0.choice == .none }) {
            notes.append("† Other learning rates were tried, and nothing chose between them.")
        }
        if section.results.contains(where: { $0.largestP != nil }) {
            notes.append("McNemar: exact test against the untrained model, the largest p of the seeds.")
        }
        for reference in section.references where section.results.contains(where: { $0.share != nil }) {
            guard section.results.contains(where: { $0.family == reference.family && $0.share != nil }) else {
                continue
            }
            notes.append(
                "Share of the gain for \(reference.family.label): of full fine-tuning by "
                    + "\(algorithmLabel(reference.algorithm)), \(percent(reference.accuracy)) %.")
        }
        return notes
    }
}

extension ChoiceKind {
    /// What marks a row whose learning rate nothing chose.
    var mark: String { self == .none ? "†" : "" }
}

/// Sentences about the statistics.
enum StatisticsText {
    /// What the intervals of a section are.
    static func interval(of section: Section) -> String {
        let results = section.results
        guard results.contains(where: { !$0.comparisons.isEmpty }) else {
            return "95 % intervals are Wilson's for the problems; the runs do not say which problems were right."
        }
        let seeds = results.map(\.seeds.count)
        let single = seeds.filter { $0 == 1 }.count
        let words =
            "95 % intervals from \(grouped(section.draws)) draws of seeds and then problems, "
            + "the same problems for all"
        if single == results.count { return words + "; with one seed each, they hold no spread between seeds." }
        return words + (single > 0 ? "; rows of one seed hold no spread between seeds." : ".")
    }
}
