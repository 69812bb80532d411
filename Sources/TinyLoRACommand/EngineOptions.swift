import ArgumentParser
import Foundation
import TinyLoRA

/// Engines in other processes.
struct EngineOptions: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Server that samples: vLLM's, tinylora serve, or llama.cpp's; may be repeated (default: this process).",
            valueName: "url"))
    var sampler: [String] = []
    @OptionGroup var learning: LearnerOptions

    /// What a run is given. The servers' token is in `TINYLORA_SAMPLER_TOKEN`.
    func remote(_ console: Console) throws -> RemoteEngines {
        let token = ProcessInfo.processInfo.environment["TINYLORA_SAMPLER_TOKEN"]
        var engines = RemoteEngines()
        engines.samplers = try sampler.map { try ServerAddress($0, token: token) }
        engines.learner = try learning.address()
        engines.note = { console.warn($0) }
        return engines
    }
}

/// A learner in another process.
struct LearnerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Process that computes log-probabilities and gradients: Integrations/torch (default: this process).",
            valueName: "url"))
    var learner: String?

    /// Where it is; `nil` for this process. Its token is in `TINYLORA_LEARNER_TOKEN`.
    func address() throws -> ServerAddress? {
        let token = ProcessInfo.processInfo.environment["TINYLORA_LEARNER_TOKEN"]
        return try learner.map { try ServerAddress($0, token: token) }
    }
}
