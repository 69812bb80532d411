import ArgumentParser
import Foundation
import TinyLoRA
import TinyFoundation

/// Which model, with which adapter, on how many threads.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Directory of a model in Hugging Face layout; Abacus, the model in the box, unless given.", valueName: "dir"
        ))
    var model: String?
    @Option(help: ArgumentHelp("Adapter file to use with it.", valueName: "file"))
    var adapter: String?
    @OptionGroup var threading: ThreadOptions

    /// Opens the model, the adapter and a policy over both.
    func open(_ console: Console) throws -> (loaded: LoadedModel, adapter: AdapterFile?, policy: LocalEngine) {
        let threads = try threading.count()
        let file = try adapter.map { path in try AdapterFile.load(path: path) }
        let loaded = try LoadedModel(directory: model)
        let policy = try loaded.policy(adapter: file, threads: threads, cache: factorCache()) { done, total in
            if done == total { factorNote(total) }
        }
        return (loaded, file, policy)
    }
}

/// On how many threads to compute. It never changes a result.
struct ThreadOptions: ParsableArguments {
    @Option(help: "Threads; all cores unless given. Results do not depend on it.")
    var threads: Int?

    func count() throws -> Int {
        let count = threads ?? ProcessInfo.processInfo.activeProcessorCount
        guard (1...1024).contains(count) else { throw ValidationError("--threads must be in 1...1024, is \(count)") }
        return count
    }
}

/// How tokens are chosen.
struct SamplingOptions: ParsableArguments {
    @Option(help: "Divides the logits; 0 takes the most likely token.")
    var temperature = 0.0
    @Option(help: "Samples among this many most likely tokens only.")
    var topK: Int?
    @Option(help: "Samples among the most likely tokens that reach this probability together.")
    var topP = 1.0
    @Option(help: "Most tokens of a completion (default: 128; 1024 for eval with a model of your own).")
    var maxTokens: Int?
    @Option(help: "Names the random numbers.")
    var seed: UInt64 = 1

    func parameters(stopTokens: [Int], mostTokens: Int) -> SamplingParameters {
        SamplingParameters(
            temperature: temperature, topK: topK, topP: topP, maxTokens: maxTokens ?? mostTokens,
            stopTokens: stopTokens)
    }
}

/// The cache of factorisations, with its troubles told on standard error.
func factorCache() -> FactorCache? {
    FactorCache.standard { trouble in FileHandle.standardError.write(Data("warning: \(trouble)\n".utf8)) }
}

/// Tells that a model's matrices were factorised for the first time.
func factorNote(_ count: Int) {
    FileHandle.standardError.write(Data("factors    \(count) matrices factorised, kept for the next time\n".utf8))
}

/// Problems of Abacus that are trained on.
let abacusTrainingProblems = 4096

/// The problems of a file, or Abacus's own with solutions in a style.
func problemSet(
    file: String?, loaded: LoadedModel, training: Bool, count: Int?, solutions: SolutionStyle = .equations
) throws -> ProblemSet {
    var set: ProblemSet
    if let file {
        set = try ProblemSet(contentsOf: file)
    } else if training {
        set = ProblemSet(
            name: "abacus/train", problems: AbacusProblems.train(count ?? abacusTrainingProblems, solutions: solutions))
    } else {
        set = ProblemSet(name: "abacus/test", problems: AbacusProblems.test(count ?? 400, solutions: solutions))
    }
    if let count { set = ProblemSet(name: set.name, problems: Array(set.problems.prefix(count)), path: set.path) }
    return set
}

/// Abacus's own problems to choose settings by, with solutions in a style.
func abacusValidation(_ count: Int, solutions: SolutionStyle) -> ProblemSet {
    return ProblemSet(name: "abacus/validation", problems: AbacusProblems.validation(count, solutions: solutions))
}
