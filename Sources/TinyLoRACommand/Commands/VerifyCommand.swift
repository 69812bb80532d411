import ArgumentParser
import Foundation
import TinyLoRA
import TinyFoundation

/// Compares results of the same work, divided in many ways.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks on this machine that results are the same bits however the work is divided.",
        discussion: """
            Samples completions of random prompts with two random adapters of 13 numbers and without, scores them and \
            computes gradients: with different threads, batches, pieces of prompts, companions and passes, and on every \
            instruction set of the processor, each in a process of its own. Every line shows the beginning of the SHA-256 \
            of tokens, log-probabilities and gradients and whether all bits are those of the first division. A division with \
            fewer samples has another hash; only its own samples are compared. The exit code is 1 when a bit differs.

            EXAMPLES
              The model in the box, in both arithmetics, about a minute:
                tinylora verify
              Your own model, in one arithmetic:
                tinylora verify --model Qwen/Qwen2.5-0.5B-Instruct --arithmetic bfloat16
              Half a billion random weights instead (3 GB of memory):
                tinylora verify --model-shape qwen2.5-0.5b
              Against another machine:
                tinylora verify --json > first.json                (there)
                tinylora verify --reference first.json             (here)
            """)

    @OptionGroup var choice: ModelChoice
    @Option(help: "Random weights of this shape instead.")
    var modelShape: BenchModel?
    @Option(
        help: ArgumentHelp("Only this arithmetic: float32 or bfloat16 (default: both).", valueName: "name"),
        transform: parsedArithmetic)
    var arithmetic: Arithmetic?
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Numbers of threads, separated by commas (default: 1, 2 and all cores).", valueName: "list"))
    var threads: String?
    @Option(parsing: .unconditional, help: "About how many tokens a prompt has; 64 are a page of keys and values.")
    var promptTokens = 64
    @Option(parsing: .unconditional, help: "About how many tokens are added to a prompt.")
    var newTokens = 12
    @Option(
        help: ArgumentHelp("Also compare with this result of --json, such as another machine's.", valueName: "file"),
        transform: path)
    var reference: String?
    @Flag(help: "Print the result as JSON.")
    var json = false
    @Option(help: ArgumentHelp("Only the first divisions, of so many prompts.", visibility: .hidden))
    var firstPrompts: Int?
    @Flag(help: ArgumentHelp("Stop when standard input closes.", visibility: .hidden))
    var endWithInput = false

    func validate() throws {
        _ = try threadCounts()
        guard choice.model == nil || modelShape == nil else {
            throw ValidationError("give either --model or --model-shape")
        }
        for (name, count) in [("--prompt-tokens", promptTokens), ("--new-tokens", newTokens)]
        where !(1...65_536).contains(count) {
            throw ValidationError("\(name) must be in 1...65536, is \(count)")
        }
        if let firstPrompts, !(1...VerifiedWork.promptCount).contains(firstPrompts) {
            throw ValidationError("--first-prompts must be in 1...\(VerifiedWork.promptCount), is \(firstPrompts)")
        }
    }

    func run() async throws {
        if endWithInput { watchInput() }
        var sizes = VerifiedSizes(promptTokens: promptTokens, newTokens: newTokens)
        if let firstPrompts { sizes.prompts = firstPrompts }
        let differing = try await VerifyRun(
            model: modelShape.map { .shape($0) } ?? .directory(choice.model),
            arithmetics: arithmetic.map { [$0] } ?? Arithmetic.allCases, threads: try threadCounts(), sizes: sizes,
            isFirstOnly: firstPrompts != nil, reference: try reference.map(record), program: try ownProgram(),
            console: Console(json: json)
        ).run()
        if differing > 0 { throw ExitCode.failure }
    }

    private func threadCounts() throws -> [Int] {
        guard let threads else { return Set([1, 2, ProcessInfo.processInfo.activeProcessorCount]).sorted() }
        let counts = try threads.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let count = Int(part.trimmingCharacters(in: .whitespaces)), (1...1024).contains(count) else {
                throw ValidationError("--threads: '\(part)' is not a number in 1...1024")
            }
            return count
        }
        return Set(counts).sorted()
    }

    /// Another run's result.
    private func record(_ path: String) throws -> (path: String, record: VerifyRecord) {
        do {
            let contents = try contents(ofFile: path)
            return (path, try JSONDecoder().decode(VerifyRecord.self, from: contents, named: path))
        } catch is DecodingError {
            throw UsageError("\(path) is not a result of tinylora verify --json")
        }
    }
}
