import ArgumentParser
import Foundation
import TinyLoRA

/// Engines in other processes.
struct EngineOptions: ParsableArguments {
    @OptionGroup var sampling: SamplerOptions
    @OptionGroup var learning: LearnerOptions

    /// What a run is given.
    func remote(_ console: Console) throws -> RemoteEngines {
        var engines = try sampling.remote(console)
        engines.learner = try learning.address()
        return engines
    }

    /// The options as they were given, for another process.
    var arguments: [String] {
        sampling.sampler.flatMap { ["--sampler", $0] } + (learning.learner.map { ["--learner", $0] } ?? [])
    }
}

/// Servers that sample.
struct SamplerOptions: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Server that samples: vLLM's, tinylora serve, or llama.cpp's; may be repeated (default: this process).",
            valueName: "url"))
    var sampler: [String] = []

    /// Where they are; none samples in this process. Their token is in `TINYLORA_SAMPLER_TOKEN`.
    func remote(_ console: Console) throws -> RemoteEngines {
        let token = ProcessInfo.processInfo.environment["TINYLORA_SAMPLER_TOKEN"]
        var engines = RemoteEngines()
        engines.samplers = try sampler.map { try ServerAddress($0, token: token) }
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
