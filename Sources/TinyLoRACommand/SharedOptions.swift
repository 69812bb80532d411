import ArgumentParser
import Foundation
import TinyLoRA
import TinyFoundation

/// Which model.
struct ModelChoice: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Directory of a model in Hugging Face layout, GGUF file, or name of a downloaded model (default: Abacus, the model in the box).",
            valueName: "path"
        ), transform: modelPath)
    var model: String?
}

/// Which model, with which adapter, on how many threads.
struct ModelOptions: ParsableArguments {
    @OptionGroup var choice: ModelChoice
    @Option(
        help: ArgumentHelp(
            "Adapter to apply to the model: a file, the directory of a run or one of PEFT, or a code.",
            valueName: "adapter"),
        transform: path)
    var adapter: String?
    @Option(
        help: ArgumentHelp(
            "Arithmetic of products with the weights: float32 or bfloat16 (default: the adapter's, else what suits the model's stored weights).",
            valueName: "name"), transform: parsedArithmetic)
    var arithmetic: Arithmetic?
    @OptionGroup var threading: ThreadOptions

    /// Opens the model, the adapter and an engine for both.
    func open(_ console: Console) throws -> (loaded: LoadedModel, adapter: OpenedAdapter?, engine: LocalEngine) {
        let threads = try threading.count()
        let source = try adapter.map { try AdapterSource($0) }
        if let source { noteArithmetic(of: source, used: arithmetic, on: console) }
        let loaded = try LoadedModel(directory: choice.model, arithmetic: arithmetic ?? source?.arithmetic)
        let opened: OpenedAdapter? = try source.map { ($0, try loaded.adapter(from: $0)) }
        let engine = try loaded.engine(
            adapter: opened?.file, threads: threads, cache: factorCache(), progress: FactorDisplay(console).show)
        return (loaded, opened, engine)
    }

    typealias OpenedAdapter = (source: AdapterSource, file: AdapterFile)
}

/// Says where the adapter's arithmetic is not that of the training, or not known from the file.
///
/// - Parameter arithmetic: What it is used in; its own unless given.
func noteArithmetic(of source: AdapterSource, used arithmetic: Arithmetic?, on console: Console) {
    guard let trained = source.arithmetic else { return }
    if source.notedArithmetic == nil {
        console.note("note       the adapter was made before there were two arithmetics, in \(trained.rawValue)")
    }
    if let arithmetic, arithmetic != trained {
        console.note(
            "note       the adapter was trained in \(trained.rawValue) and is used in \(arithmetic.rawValue)")
    }
}

/// On how many threads to compute. It never changes a result.
struct ThreadOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Threads (default: all cores). Results do not depend on it.")
    var threads: Int?

    func count() throws -> Int {
        let count = threads ?? ProcessInfo.processInfo.activeProcessorCount
        guard (1...1024).contains(count) else { throw ValidationError("--threads must be in 1...1024, is \(count)") }
        return count
    }
}

/// How tokens are chosen.
struct SamplingOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Sampling temperature; 0 always takes the most likely token.")
    var temperature = 0.0
    @Option(parsing: .unconditional, help: "Sample only from the k most likely tokens.")
    var topK: Int?
    @Option(parsing: .unconditional, help: "Sample only from the most likely tokens whose probabilities sum to p.")
    var topP = 1.0
    @Option(
        parsing: .unconditional,
        help: "Token limit of a completion (default: 128; 1024 for eval and ablate with your own model).")
    var maxTokens: Int?
    @Option(parsing: .unconditional, help: "Random seed.")
    var seed: UInt64 = 1

    /// Refuses a number of samples of each problem that is impossible or would be the same sample again.
    func check(samples: Int) throws {
        guard (1...65_536).contains(samples) else {
            throw ValidationError("--samples must be in 1...65536, is \(samples)")
        }
        guard samples == 1 || temperature > 0 else {
            throw ValidationError("--samples \(samples) needs a --temperature above 0: greedy samples are all the same")
        }
    }

    func parameters(stopTokens: [Int], mostTokens: Int) -> SamplingParameters {
        SamplingParameters(
            temperature: temperature, topK: topK, topP: topP, maxTokens: maxTokens ?? mostTokens,
            stopTokens: stopTokens)
    }
}

/// The cache of factorisations, with its troubles told on standard error.
func factorCache() -> FactorCache? {
    FactorCache.standard { trouble in StandardError.write("warning: \(trouble)\n") }
}

/// The value of `--arithmetic`.
@Sendable func parsedArithmetic(_ text: String) throws -> Arithmetic {
    guard let arithmetic = Arithmetic(rawValue: text) else {
        let names = Arithmetic.allCases.map(\.rawValue).joined(separator: " or ")
        throw ValidationError("expected \(names)")
    }
    return arithmetic
}

/// The value of an option that names a file or a directory.
@Sendable func path(_ text: String) throws -> String {
    guard !text.isEmpty else { throw ValidationError("the path is empty") }
    return text
}

/// The value of an option that names a model: a path, or a name in the cache of `tinylora download`.
@Sendable func modelPath(_ text: String) throws -> String { try cachedModel(path(text)) ?? text }
