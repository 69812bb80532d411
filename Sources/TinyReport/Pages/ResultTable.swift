import TinyFoundation

/// A column of a table with a row for each result: its cell for the untrained model and its cell for a result.
struct ResultColumn {
    let column: HTMLTable.Column
    let untrained: (Baseline) -> String
    let trained: (CellResult) -> String

    static func text(
        _ title: String, untrained: @escaping (Baseline) -> String = { _ in "" },
        _ trained: @escaping (CellResult) -> String
    ) -> ResultColumn {
        ResultColumn(column: .text(title), untrained: untrained, trained: trained)
    }

    static func number(
        _ title: String, note: String = "", untrained: @escaping (Baseline) -> String = { _ in "" },
        _ trained: @escaping (CellResult) -> String
    ) -> ResultColumn {
        ResultColumn(column: .number(title, note: note), untrained: untrained, trained: trained)
    }
}

/// The main table as text: one row for each configuration, the untrained model first.
struct ResultTable {
    let section: Section

    /// Every number, for Markdown.
    var complete: TableText {
        table([
            .text("method", untrained: { _ in "untrained" }) { methodLabel($0.method) },
            .text("algorithm") { algorithmLabel($0.algorithm) },
            .number("parameters", untrained: { _ in "0" }) { grouped($0.parameters) },
            .number("bytes", untrained: { _ in "0" }) { grouped($0.bytes) },
            .text("differs in") { $0.differences },
            .number("rate") { $0.markedRate },
            .number("seeds") { "\($0.seeds.count)" },
            .number("accuracy %", untrained: { percent($0.accuracy.value) }) { percent($0.accuracy.value) },
            .text("95 %", untrained: { percentInterval($0.accuracy) }) { percentInterval($0.accuracy) },
            .number("gain") { gain($0) },
            .number("of full %") { share($0) },
            .text("95 %") { $0.share.map(percentInterval) ?? "" },
            .number("McNemar p") { $0.largestP.map(pValueText) ?? "" },
            .number("difference") { difference($0) },
            .text("95 %") { $0.against.map { percentInterval($0.difference) } ?? "" },
            .number("p of difference") { $0.against?.p.map(pValueText) ?? "" },
            .number("tokens") { $0.generatedTokens.map(compact) ?? "" },
            .number("time") { clockTime($0.trainingSeconds) },
        ])
    }

    /// The columns that fit on a terminal, with the rewards of the first seed as a curve.
    var brief: TableText {
        table([
            .text("method", untrained: { _ in "untrained" }) { methodLabel($0.method) },
            .text("by") { algorithmLabel($0.algorithm) },
            .number("numbers", untrained: { _ in "0" }) { grouped($0.parameters) },
            .text("differs in") { $0.differences },
            .number("rate") { $0.markedRate },
            .number("seeds") { "\($0.seeds.count)" },
            .text("accuracy %", untrained: { accuracy($0.accuracy) }) { accuracy($0.accuracy) },
            .number("gain") { gain($0) },
            .number("of full") { share($0) },
            .number("p") { $0.largestP.map(pValueText) ?? "" },
            .text("difference") { difference($0) + ($0.against.map { " " + percentInterval($0.difference) } ?? "") },
            .number("its p") { $0.against?.p.map(pValueText) ?? "" },
            .number("tokens") { $0.generatedTokens.map(compact) ?? "" },
            .text("reward") { sparkline($0.cell.first.rewards, width: 12) },
        ])
    }

    private func table(_ columns: [ResultColumn]) -> TableText {
        TableText(
            columns: columns.map { ($0.column.title, $0.column.isNumber ? .right : .left) },
            rows: section.baselines.map { baseline in columns.map { $0.untrained(baseline) } }
                + section.results.map { result in columns.map { $0.trained(result) } })
    }

    private func accuracy(_ estimate: Estimate) -> String { percent(estimate.value) + " " + percentInterval(estimate) }

    private func gain(_ result: CellResult) -> String { result.gain.map { signedPercent($0.value) } ?? "" }

    private func share(_ result: CellResult) -> String { result.share.map { percent($0.value) } ?? "" }

    /// The difference from the row that all others are compared with, with `‡` where the two were not asked alike.
    func difference(_ result: CellResult) -> String {
        guard let against = result.against else { return result.row == section.against ? "reference" : "" }
        return signedPercent(against.difference.value) + (against.isAskedAlike ? "" : "‡")
    }

    /// Sentences that explain the table's numbers.
    var notes: [String] {
        let results = section.results
        var notes = [
            "Accuracy: strict grade on \(counted(section.problems, "problem")) of \(section.problemSet), mean over seeds.",
            intervalNote,
        ]
        if section.draws > 0, results.contains(where: { $0.seeds.count > 1 && $0.hasEqualDraws }) {
            notes.append("Where all draws are equal, intervals are those of one seed: \(Self.oneSeed).")
        }
        for key in tunedKeys(where: .validation) {
            notes.append("Of several \(values(of: key)) the one shown was chosen on validation problems.")
        }
        for key in tunedKeys(where: .none) {
            notes.append(
                "† Other \(values(of: key)) were tried, and nothing chose between them: not all have results on the same "
                    + "validation problems.")
        }
        if results.contains(where: { $0.largestP != nil }) {
            notes.append("McNemar: exact test against the untrained model, the largest p of the seeds.")
        }
        notes += differenceNotes
        for reference in section.references {
            // Rows that were evaluated in different ways have references of their own: the untrained result tells them apart.
            let isOnly = section.references.count { $0.family == reference.family } == 1
            notes.append(
                "Share of the gain for \(reference.family.label)"
                    + (isOnly ? "" : " from \(percent(reference.untrained)) %") + ": of full fine-tuning by "
                    + "\(algorithmLabel(reference.algorithm)), \(percent(reference.accuracy)) %.")
        }
        return notes
    }

    /// Sentences that explain the differences from one row.
    private var differenceNotes: [String] {
        let found = section.results.compactMap(\.against)
        guard let row = section.against, !found.isEmpty else { return [] }
        var notes = ["Difference: accuracy minus that of \(row), over the seeds that both have, whose runs are pairs."]
        let tested = found.filter { $0.p != nil }
        if tested.contains(where: { $0.pairedSeeds.count > 1 }) {
            notes.append("Its interval and two-sided p are from the same draws.")
        }
        if tested.contains(where: { $0.pairedSeeds.count == 1 }) {
            notes.append(
                "With one pair, interval and p are Bonett and Price's and McNemar's, and hold no spread between seeds.")
        }
        if found.contains(where: \.pairedSeeds.isEmpty) {
            notes.append("Where no seed is in both, all runs count, and several are drawn independently.")
        }
        if !tested.isEmpty { notes.append("No p is corrected for the number of rows.") }
        if !found.allSatisfy(\.isAskedAlike) {
            notes.append(
                "‡ Other prompt style, grader, token limit or stop texts than in that row, so the difference is also of these."
            )
        }
        return notes
    }

    private func tunedKeys(where choice: ChoiceKind) -> [String] {
        Set(section.results.filter { $0.choice == choice }.map(\.cell.tunedKey)).sorted()
    }

    private func values(of key: String) -> String {
        key == "learning_rate" ? "learning rates" : "values of \(key.replacing("_", with: " "))"
    }

    /// A sentence that explains the intervals of the section.
    private var intervalNote: String {
        let results = section.results
        guard section.draws > 0 else {
            return "95 % intervals are Wilson's for the problems; the runs do not say which problems were right."
        }
        let single = results.count { $0.seeds.count == 1 }
        let draws = "\(grouped(section.draws)) draws of seeds and then problems, the same problems for all"
        guard single < results.count else {
            let shares = results.contains { $0.share?.low != nil } ? " (of shares, from \(draws))" : ""
            return "95 % intervals are \(Self.oneSeed)\(shares); with one seed each, they hold no spread between seeds."
        }
        return "95 % intervals from \(draws)"
            + (single > 0 ? "; those of one seed are \(Self.oneSeed), and hold no spread between seeds." : ".")
    }

    /// Whose the intervals of one seed are.
    private static let oneSeed = "Wilson's and, of gains, Bonett and Price's"
}

extension CellResult {
    /// The learning rate, with `†` where others were tried and nothing chose between them.
    var markedRate: String { (learningRate.map(shortest) ?? "") + (choice == .none ? "†" : "") }
}
