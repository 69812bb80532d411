import ArgumentParser
import Foundation
import TinyLoRA
import TinyFoundation

/// Which model, with which adapter, on how many threads.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Directory of a model in Hugging Face layout (default: Abacus, the model in the box).", valueName: "dir"
        ))
    var model: String?
    @Option(help: ArgumentHelp("Adapter file to apply to the model.", valueName: "file"))
    var adapter: String?
    @OptionGroup var threading: ThreadOptions

    /// Opens the model, the adapter and an engine for both.
    func open(_ console: Console) throws -> (loaded: LoadedModel, adapter: AdapterFile?, engine: LocalEngine) {
        let threads = try threading.count()
        let file = try adapter.map { path in try AdapterFile.load(path: path) }
        let loaded = try LoadedModel(directory: model)
        let engine = try loaded.engine(adapter: file, threads: threads, cache: factorCache()) { done, total in
            if done == total { factorNote(total) }
        }
        return (loaded, file, engine)
    }
}

/// On how many threads to compute. It never changes a result.
struct ThreadOptions: ParsableArguments {
    @Option(help: "Threads (default: all cores). Results do not depend on it.")
    var threads: Int?

    func count() throws -> Int {
        let count = threads ?? ProcessInfo.processInfo.activeProcessorCount
        guard (1...1024).contains(count) else { throw ValidationError("--threads must be in 1...1024, is \(count)") }
        return count
    }
}

/// How tokens are chosen.
struct SamplingOptions: ParsableArguments {
    @Option(help: "Sampling temperature; 0 always takes the most likely token.")
    var temperature = 0.0
    @Option(help: "Sample only from the k most likely tokens.")
    var topK: Int?
    @Option(help: "Sample only from the most likely tokens whose probabilities sum to p.")
    var topP = 1.0
    @Option(help: "Token limit of a completion (default: 128; 1024 for eval with your own model).")
    var maxTokens: Int?
    @Option(help: "Random seed.")
    var seed: UInt64 = 1

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

/// Tells that a model's matrices were factorised for the first time.
func factorNote(_ count: Int) {
    StandardError.write("factors    \(count) matrices factorised and cached\n")
}
