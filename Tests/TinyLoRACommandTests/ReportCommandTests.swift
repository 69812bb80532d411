import Foundation
import Testing

/// The report's files, its results on standard output, and what it refuses.
@Suite("report", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads)
struct ReportCommandTests {
    /// Writes a run of ten problems, four of them right before training and seven after.
    private func writeRun(_ name: String, in scratch: Scratch) throws {
        let folder = scratch.folder.appendingPathComponent("runs/" + name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        func evaluation(_ step: Int, _ strict: Double, _ outcomes: String) -> String {
            #"{"step":\#(step),"split":"test","problem_set":"p","problems":10,"strict":\#(strict),"outcomes":"\#(outcomes)"}"#
        }
        let files = [
            "configuration.json": #"{"learning_rate":0.05,"max_steps":1,"element_type":"bf16"}"#,
            "manifest.json":
                #"{"version":"1","created":"2026-01-01T00:00:00Z","model":{"name":"m","content":"c"},"datasets":{},"#
                + #""plan":"13 parameters","trained_parameters":13,"schemes":{},"seed":1,"machine":{"system":"s","#
                + #""architecture":"a","processors":1,"threads":1,"instructions":"none"}}"#,
            "steps.jsonl": #"{"step":1,"reward":0.5,"time":{"seconds":2}}"# + "\n",
            "evaluations.jsonl": evaluation(0, 0.4, "1111000000") + "\n" + evaluation(1, 0.7, "1111111000") + "\n",
        ]
        for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
    }

    @Test("a page goes into the directory, a table to standard output")
    func page() throws {
        let scratch = try Scratch()
        try writeRun("a", in: scratch)
        let outcome = try Executable.run(["report", "runs"], in: scratch)
        expectSuccess(outcome)
        #expect(outcome.output.contains("TinyLoRA"), "\(outcome)")
        #expect(outcome.output.contains("page       runs/report.html"), "\(outcome)")
        let page = try String(contentsOfFile: scratch.path("runs/report.html"), encoding: .utf8)
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("href=\"a/evaluations.jsonl\""))
    }

    @Test("--output, --markdown and --figure say where, --json gives the numbers")
    func files() throws {
        let scratch = try Scratch()
        try writeRun("a", in: scratch)
        let outcome = try Executable.run(
            ["report", "runs", "--output", "page.html", "--markdown", "table.md", "--figure", "figure.svg", "--json"],
            in: scratch)
        expectSuccess(outcome)
        let sections = try #require(try outcome.json()["sections"] as? [[String: Any]])
        let result = try #require((sections.first?["results"] as? [[String: Any]])?.first)
        #expect(result["parameters"] as? Int == 13 && result["bytes"] as? Int == 26)
        let page = try String(contentsOfFile: scratch.path("page.html"), encoding: .utf8)
        #expect(page.contains("href=\"runs/a/evaluations.jsonl\""))
        let table = try String(contentsOfFile: scratch.path("table.md"), encoding: .utf8)
        #expect(table.contains("| TinyLoRA | GRPO | 13 | 26 | 0.05 | 1 | 70.0 |"), "\(table)")
        let figure = try String(contentsOfFile: scratch.path("figure.svg"), encoding: .utf8)
        #expect(figure.hasPrefix("<svg ") && figure.contains(">untrained 40.0</text>"), "\(figure)")
        #expect(!FileManager.default.fileExists(atPath: scratch.path("runs/report.html")))
    }

    @Test("--against compares with one row by its name or its run, and refuses another with the names there are")
    func against() throws {
        let scratch = try Scratch()
        try writeRun("a", in: scratch)
        for row in ["tinylora grpo 13", "a"] {
            let outcome = try Executable.run(["report", "runs", "--against", row, "--json"], in: scratch)
            expectSuccess(outcome)
            let section = try #require((try outcome.json()["sections"] as? [[String: Any]])?.first)
            #expect(section["against"] as? String == "tinylora grpo 13", "\(outcome)")
        }
        expectRefusal(
            try Executable.run(["report", "runs", "--against", "lora"], in: scratch),
            naming: ["there is no row \"lora\"; the rows are: tinylora grpo 13"])
    }

    @Test("no runs, no such directory and no place for the page are refused by name")
    func refusals() throws {
        let scratch = try Scratch()
        expectRefusal(try Executable.run(["report", "nothing"], in: scratch), naming: ["nothing"])
        expectRefusal(try Executable.run(["report", "."], in: scratch), naming: ["no run", "configuration.json"])
        try writeRun("a", in: scratch)
        expectRefusal(
            try Executable.run(["report", "runs", "--output", "no/folder/page.html"], in: scratch),
            naming: ["no/folder"])
        expectRefusal(try Executable.run(["report"], in: scratch), naming: ["dir"])
    }
}
