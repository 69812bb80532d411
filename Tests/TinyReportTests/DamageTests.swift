import Foundation
import Testing
import TinyReport
import TinyFoundation

/// A run that cannot be read is listed with its reason and takes nothing else down with it.
@Suite("Runs without a result")
struct DamageTests {
    @Test(
        "are listed with the file, the line and what is wrong",
        arguments: [
            (
                "configuration.json", "{",
                "configuration.json: the text is not valid JSON: column 2: expected a member's name"
            ),
            ("configuration.json", "[1]", "configuration.json: the record is not an object"),
            ("manifest.json", "{}", "manifest.json: version is missing"),
            ("steps.jsonl", "{\"step\": 2}\n", "steps.jsonl:1: the line is step 2, expected 1"),
            ("steps.jsonl", "{\"step\": \"one\"}\n", "steps.jsonl:1: step is not a whole number"),
            (
                "steps.jsonl", "\n",
                "steps.jsonl:1: the text is not valid JSON: column 1: the text ends where a value is expected"
            ),
            ("evaluations.jsonl", "{\"step\": 0}\n", "evaluations.jsonl:1: problems is missing"),
            (
                "evaluations.jsonl", evaluation(strict: "1.5"),
                "evaluations.jsonl:1: strict is 1.5, expected a share in [0, 1]"
            ),
            (
                "evaluations.jsonl", evaluation(outcomes: "10"),
                "evaluations.jsonl:1: outcomes has 2 characters for 4 problems"
            ),
            (
                "evaluations.jsonl", evaluation(outcomes: "10x1"),
                "evaluations.jsonl:1: outcomes holds other characters than 0 and 1"
            ),
            (
                "evaluations.jsonl", evaluation(outcomes: "1111"),
                "evaluations.jsonl:1: outcomes is right in 1.0 of problems, strict is 0.5"
            ),
            (
                "evaluations.jsonl", evaluation(problems: "0"),
                "evaluations.jsonl:1: problems is 0, expected at least 1"
            ),
            ("evaluation-samples.jsonl", "{\"step\": 0}\n", "evaluation-samples.jsonl:1: question is missing"),
        ])
    func damaged(file: String, content: String, sentence: String) throws {
        let workspace = try Workspace(["good": SyntheticRun(), "bad": SyntheticRun()])
        try workspace.write(content, to: "bad/\(file)")
        let report = try workspace.report()
        #expect(report.archive.runs.map(\.name) == ["good"])
        let bad = try #require(report.archive.unusable.first)
        #expect(bad.name == "bad" && bad.reason == .damaged)
        #expect(bad.sentence == sentence)
        #expect(report.html(linkedFrom: workspace.folder.path).contains("damaged"))
        #expect(report.terminalText().contains("damaged    bad: \(sentence)"))
    }

    private static func evaluation(
        strict: String = "0.5", problems: String = "4", outcomes: String = "1100"
    ) -> String {
        "{\"step\": 0, \"problem_set\": \"p\", \"problems\": \(problems), \"strict\": \(strict), \"outcomes\": \"\(outcomes)\"}\n"
    }

    @Test("are listed as unfinished when they stopped early, and a torn last line is not damage")
    func unfinished() throws {
        let run = SyntheticRun()
        let workspace = try Workspace(["a": run, "b": run, "c": run])
        let steps = try #require(run.files["steps.jsonl"]), evaluations = try #require(run.files["evaluations.jsonl"])
        try workspace.write(String(steps.dropLast(40)), to: "a/steps.jsonl")
        try workspace.write(evaluations.split(separator: "\n")[0] + "\n{\"st", to: "b/evaluations.jsonl")
        try workspace.write(evaluations + "{\"st", to: "c/evaluations.jsonl")
        let archive = try workspace.report().archive
        #expect(archive.runs.map(\.name) == ["c"])
        #expect(archive.unusable.map(\.reason) == [.unfinished, .unfinished])
        #expect(
            archive.unusable.map(\.sentence) == [
                "stopped after step 19 of 20",
                "evaluated up to step 0, stopped before the evaluation after step 20",
            ])
    }

    @Test("are all there is, and still there is a page")
    func nothingElse() throws {
        let workspace = try Workspace()
        try workspace.write(#"{"error": "out of memory"}"#, to: "x/failure.json")
        let report = try workspace.report()
        #expect(report.html(linkedFrom: workspace.folder.path).contains("out of memory"))
        #expect(report.markdown().contains("out of memory"))
        #expect(report.terminalText().contains("failed     x: out of memory"))
    }

    @Test("take one line each, whatever they wrote, and are neither markup nor commands of a terminal")
    func oneLineEach() throws {
        let workspace = try Workspace()
        try workspace.write(
            #"{"error": "one\ntwo\r\n# three\t| <b>four_five\u001b[31m\u2028six"}"#, to: "x/failure.json")
        try workspace.write(#"{"error": "next"}"#, to: "y/failure.json")
        let report = try workspace.report()
        let terminal = report.terminalText().components(separatedBy: "\n")
        let markdown = report.markdown().components(separatedBy: "\n")
        #expect(terminal.contains("failed     x: one two  # three | <b>four_five[31m six"), "\(terminal)")
        #expect(terminal.contains("failed     y: next"))
        #expect(
            markdown.prefix(2) == [
                ##"- x: failed, one two  \# three \| \<b\>four\_five\[31m six"##, "- y: failed, next",
            ], "\(markdown)")
    }

    @Test("no run at all, or no such directory, is an error that names it")
    func empty() throws {
        let workspace = try Workspace()
        let none = #expect(throws: ReportError.self) { try workspace.report() }
        #expect(none?.code == .noRuns)
        let missing = #expect(throws: ReportError.self) { try Report(below: [workspace.folder.path + "/nothing"]) }
        #expect(missing?.code == .unreadable)
        #expect(missing?.message.contains("cannot read the directory \(workspace.folder.path)/nothing") == true)
    }

    @Test("a run that is given twice is read once, and one that is given itself goes by its own name")
    func twice() throws {
        let workspace = try Workspace(["study/a": SyntheticRun(), "study/b": SyntheticRun(seed: 2)])
        let path = workspace.folder.path
        let archive = try RunArchive(below: [path, path + "/study/", path + "/study/a"])
        #expect(archive.runs.count == 2)
        #expect(try RunArchive(below: [path + "/study/a"]).runs.map(\.name) == ["a"])
        #expect(try RunArchive(below: [path]).runs.map(\.name) == ["study/a", "study/b"])
    }

    @Test("a copy of a run is not a second seed")
    func repeated() throws {
        let archive = try Workspace(["a": SyntheticRun(), "b": SyntheticRun(), "c": SyntheticRun(seed: 2)]).report()
            .archive
        #expect(archive.runs.map(\.name) == ["a", "c"])
        #expect(archive.unusable.map(\.reason) == [.repeated])
        #expect(archive.unusable.map(\.sentence) == ["has the settings and the seed of a"])
    }

    @Test(
        "numbers that no run has end in a page or in a sentence, never in a trap",
        arguments: [
            ("manifest.json", "\"trained_parameters\":13", "\"trained_parameters\":-9223372036854775808"),
            ("manifest.json", "\"trained_parameters\":13", "\"trained_parameters\":9223372036854775807"),
            ("manifest.json", "\"trained_parameters\":13", "\"trained_parameters\":0"),
            ("manifest.json", "\"seed\":1", "\"seed\":18446744073709551615"),
            ("configuration.json", "\"max_steps\":20", "\"max_steps\":1e300"),
            ("configuration.json", "\"learning_rate\":0.05", "\"learning_rate\":-1e308"),
            ("steps.jsonl", "\"entropy\":", "\"entropy\":1e308,\"reward\":-1e308,\"other\":"),
            ("steps.jsonl", "\"seconds\":0.5", "\"seconds\":1e308"),
            ("steps.jsonl", "\"num_generated_tokens\":", "\"num_generated_tokens\":-1e308,\"other\":"),
            ("evaluations.jsonl", "\"well_formed\":", "\"well_formed\":-5,\"other\":"),
            ("evaluations.jsonl", "\"mean_completion_length\":30.5", "\"mean_completion_length\":1e308"),
            ("evaluations.jsonl", "\"step\":20", "\"step\":9223372036854775807"),
            ("evaluations.jsonl", "\"step\":0", "\"step\":-1"),
        ])
    func extremes(file: String, old: String, new: String) throws {
        let workspace = try Workspace([
            "good": SyntheticRun(algorithm: "cma-es", seed: 4), "full": SyntheticRun(method: "full", parameters: 99),
        ])
        for (name, text) in SyntheticRun().files {
            try workspace.write(name == file ? text.replacing(old, with: new) : text, to: "odd/\(name)")
        }
        let report = try workspace.report()
        #expect(report.archive.runs.count + report.archive.unusable.count == 3)
        #expect(report.html(linkedFrom: workspace.folder.path).hasSuffix("</html>\n"))
        #expect(!report.markdown().isEmpty && !report.terminalText().isEmpty)
    }

    @Test("millions of problems without outcomes cost nothing")
    func claimed() throws {
        let workspace = try Workspace()
        for (name, text) in SyntheticRun(hasOutcomes: false).files {
            try workspace.write(
                text.replacing("\"problems\":400", with: "\"problems\":4000000000000"), to: "big/\(name)")
        }
        #expect(try workspace.report().sections.map(\.problems) == [4_000_000_000_000])
    }
}
