import Foundation
import Testing
import TinyFoundation

/// Results for machines.
@Suite(
    "keys of JSON results", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads) struct ResultKeyTests
{
    @Test(
        "every key is in snake_case, as Hugging Face's files have them",
        arguments: [
            "doctor", "inspect", "train --dry-run", "generate --prompt a --max-tokens 1", "score --text abc",
            "eval --compare one two", "report runs",
        ])
    func keys(command: String) throws {
        let scratch = try Scratch()
        if command.hasPrefix("eval --compare") {
            for name in ["one", "two"] {
                let evaluation = ["eval", "--limit", "2", "--max-tokens", "2", "--output", name]
                expectSuccess(try Executable.run(evaluation, in: scratch))
            }
        }
        if command.hasPrefix("report") {
            let training = "train --steps 1 --batch 1 --group-size 2 --eval-problems 1 --max-tokens 2 --output runs/a"
            expectSuccess(try Executable.run(shell: "\"$0\" \(training)", in: scratch))
        }
        let outcome = try Executable.run(shell: "\"$0\" \(command) --json", in: scratch)
        expectSuccess(outcome)
        let keys = keys(of: try JSONValue(json: Data(outcome.output.utf8)))
        #expect(!keys.isEmpty)
        #expect(keys.filter { $0.contains(/[a-z][A-Z]/) } == [])
    }

    @Test("inspect names what a run's plan has as the run does")
    func inspection() throws {
        let scratch = try Scratch()
        let shown = try Executable.run(["inspect", "--rank", "8", "--json"], in: scratch).json()
        let planned = try Executable.run(["train", "--dry-run", "--json"], in: scratch).json()
        #expect(shown["plan"] is String && shown["plan"] as? String == planned["plan"] as? String)
        for key in ["model_parameters", "trained_parameters"] {
            #expect(shown[key] is Int && shown[key] as? Int == planned[key] as? Int, "\(key)")
        }
    }

    private func keys(of value: JSONValue) -> Set<String> {
        switch value {
        case .object(let members): members.reduce(into: []) { $0.formUnion(keys(of: $1.value).union([$1.name])) }
        case .array(let values): values.reduce(into: []) { $0.formUnion(keys(of: $1)) }
        default: []
        }
    }
}
