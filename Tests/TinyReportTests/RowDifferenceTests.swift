import Foundation
import Testing
import TinyFoundation
import TinyReport
import TinyStatistics

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// One row against all others.
@Suite("Differences from one row")
struct RowDifferenceTests {
    /// Rows of several seeds, named by their prefix.
    private func workspace(_ rows: [String: [SyntheticRun]]) throws -> Workspace {
        var runs: [String: SyntheticRun] = [:]
        for (name, row) in rows { for run in row { runs["\(name)-\(run.seed)"] = run } }
        return try Workspace(runs)
    }

    private func report(_ rows: [String: [SyntheticRun]], against row: String) throws -> Report {
        let workspace = try workspace(rows)
        return try Report(below: [workspace.folder.path], against: row)
    }

    /// Seeds 1, 2, … with so many right.
    private func row(_ parameters: Int, _ right: [Int], from first: Int = 1, settings: [String: String] = [:])
        -> [SyntheticRun]
    {
        right.enumerated().map {
            SyntheticRun(parameters: parameters, seed: first + $0.offset, right: $0.element, settings: settings)
        }
    }

    @Test("are of the means over seeds, with an interval and a p-value from the draws; the row itself has none")
    func means() throws {
        let report = try report(
            ["a": row(13, [340, 344, 336]), "b": row(4, [240, 250, 245]), "c": row(35, [341, 343, 337])],
            against: "TinyLoRA  grpo, 13")
        let section = report.sections[0]
        #expect(section.against == "tinylora grpo 13")
        #expect(section.result("tinylora", "grpo", 13)?.against == nil)
        let worse = try #require(section.result("tinylora", "grpo", 4)?.against)
        #expect(abs(worse.difference.value - (245.0 - 340) / 400) < 1e-12)
        let low = try #require(worse.difference.low), high = try #require(worse.difference.high)
        #expect(low < worse.difference.value && worse.difference.value < high && high < 0)
        #expect(worse.p == 2.0 / 5001)  // no draw of 5,000 is on the other side
        #expect(worse.pairedSeeds == [1, 2, 3] && worse.isAskedAlike)
        let equal = try #require(section.result("tinylora", "grpo", 35)?.against)
        let from = try #require(equal.difference.low), to = try #require(equal.difference.high)
        #expect(from < 0 && to > 0)
        #expect(try #require(equal.p) > 0.05)
    }

    @Test("pair the runs of a seed: rows with the same answers in each seed differ by nothing, far as seeds are apart")
    func pairs() throws {
        let right = [240, 300, 380], other = ["element_type": "\"fp32\""]
        let report = try report(["a": row(13, right), "b": row(13, right, settings: other)], against: "a-1")
        let found = try #require(report.sections[0].results.compactMap(\.against).first)
        let nothing = PairedDifference([Double](repeating: 0, count: 400))
        #expect(found.difference.value == 0 && found.p == 1)
        #expect(found.difference.low == nothing.low && found.difference.high == nothing.high)
        // The same runs under other seeds are no pairs, and seeds this far apart leave much open.
        let apart = try self.report(
            ["a": row(13, right), "b": row(13, right, from: 7, settings: other)], against: "a-1")
        let unpaired = try #require(apart.sections[0].results.compactMap(\.against).first)
        #expect(unpaired.pairedSeeds.isEmpty && abs(unpaired.difference.value) < 1e-12)
        let low = try #require(unpaired.difference.low), high = try #require(unpaired.difference.high)
        #expect(low < -0.1 && high > 0.1)
        #expect(apart.markdown().contains("Where no seed is in both, all runs count, and several are drawn"))
    }

    @Test("are over the seeds that both rows have")
    func commonSeeds() throws {
        let report = try report(
            ["a": row(13, [300, 320, 340]), "b": row(4, [200, 260, 100], from: 2)], against: "a-1")
        let found = try #require(report.sections[0].result("tinylora", "grpo", 4)?.against)
        #expect(found.pairedSeeds == [2, 3])
        #expect(abs(found.difference.value - (230.0 - 330) / 400) < 1e-12)
    }

    @Test("with one pair of runs are those of two evaluations side by side")
    func onePair() throws {
        let first = row(13, [300])[0], second = row(4, [320])[0]
        let report = try report(["a": [first], "b": [second]], against: "tinylora grpo 13")
        let found = try #require(report.sections[0].result("tinylora", "grpo", 4)?.against)
        let before = first.outcomes(right: 300, of: 400, step: 20)
        let after = second.outcomes(right: 320, of: 400, step: 20)
        let changes = zip(before, after).map { ($1 == "1" ? 1.0 : 0) - ($0 == "1" ? 1.0 : 0) }
        let expected = PairedDifference(changes)
        #expect(found.difference.low == expected.low && found.difference.high == expected.high)
        #expect(
            found.p == PairedComparison(improved: changes.count { $0 > 0 }, worsened: changes.count { $0 < 0 }).pValue)
        #expect(report.markdown().contains("With one pair, interval and p are Bonett and Price's and McNemar's"))
    }

    @Test("have neither interval nor p where runs do not say which problems were right")
    func noOutcomes() throws {
        var silent = row(4, [200, 210])
        for place in silent.indices { silent[place].hasOutcomes = false }
        let report = try report(["a": row(13, [300, 320]), "b": silent], against: "a-1")
        let found = try #require(report.sections[0].result("tinylora", "grpo", 4)?.against)
        #expect(abs(found.difference.value - (205.0 - 310) / 400) < 1e-12)
        #expect(found.difference.low == nil && found.p == nil)
    }

    @Test("are marked where the two rows were not asked alike")
    func askedAlike() throws {
        let report = try report(
            ["a": row(13, [300, 320]), "b": row(4, [300, 310], settings: ["max_completion_length": "32"])],
            against: "a-1")
        #expect(report.sections[0].result("tinylora", "grpo", 4)?.against?.isAskedAlike == false)
        #expect(report.markdown().contains("‡ | ") && report.markdown().contains("token limit or stop texts"))
    }

    @Test("are in Markdown, in the terminal, on the page and in JSON, and nowhere unless asked for")
    func pages() throws {
        let workspace = try workspace(["a": row(13, [340, 344]), "b": row(4, [240, 248])])
        let path = workspace.folder.path
        let plain = try Report(below: [path]), report = try Report(below: [path], against: "tinylora grpo 13")
        for text in [report.markdown(), report.terminalText(), report.html(linkedFrom: path)] {
            #expect(text.contains("Difference: accuracy minus that of tinylora grpo 13,"), "\(text)")
            #expect(text.contains("−24.5"), "\(text)")
        }
        for text in [plain.markdown(), plain.terminalText(), plain.html(linkedFrom: path)] {
            #expect(!text.contains("Difference:") && !text.contains(">difference</th>"))
        }
        let header = "| McNemar p | difference | 95 % | p of difference | tokens |"
        #expect(report.markdown().contains(header) && report.markdown().contains("| reference |  |  |"))
        #expect(XMLParser(data: Data(report.html(linkedFrom: path).utf8)).parse())
        let object = try #require(
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any])
        let section = try #require((object["sections"] as? [[String: Any]])?.first)
        #expect(section["against"] as? String == "tinylora grpo 13")
        let results = try #require(section["results"] as? [[String: Any]])
        let other = try #require(results.first { $0["row"] as? String == "tinylora grpo 4" })
        let found = try #require(other["against"] as? [String: Any])
        #expect(found["paired_seeds"] as? [Int] == [1, 2])
        #expect(found["p"] is Double && found["asked_alike"] as? Bool == true)
        #expect((found["difference"] as? [String: Any])?["low"] is Double)
    }

    @Test("need a row that exists; each has a name of its own, and an unknown one is refused with all of them")
    func names() throws {
        let workspace = try Workspace([
            "a": SyntheticRun(right: 300), "b": SyntheticRun(rate: 0.1, right: 310), "c": SyntheticRun(parameters: 4),
            "d": SyntheticRun(parameters: 4, settings: ["element_type": "\"fp32\""]),
        ])
        let path = workspace.folder.path
        let names = try Report(below: [path]).sections[0].results.map(\.row)
        #expect(
            Set(names) == [
                "tinylora grpo 13, learning rate 0.05", "tinylora grpo 13, learning rate 0.1", "tinylora grpo 4",
                "tinylora grpo 4, fp32",
            ], "\(names)")
        for name in names { #expect(try Report(below: [path], against: name).sections[0].against == name) }
        let error = #expect(throws: ReportError.self) { try Report(below: [path], against: "tinylora grpo 5") }
        #expect(error?.code == .unknownRow && error?.message.contains("\"tinylora grpo 5\"; the rows are: ") == true)
        for name in names { #expect(error?.message.contains(name) == true, "\(name)") }
    }
}
