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
    @Option(
        help: ArgumentHelp(
            "Process that computes gradients: Integrations/torch (default: this process).", valueName: "url"))
    var learner: String?

    /// What a run is given. Tokens for servers are in `TINYLORA_SAMPLER_TOKEN` and `TINYLORA_LEARNER_TOKEN`.
    func remote(_ console: Console) throws -> RemoteEngines {
        let environment = ProcessInfo.processInfo.environment
        var engines = RemoteEngines()
        engines.samplers = try sampler.map { try ServerAddress($0, token: environment["TINYLORA_SAMPLER_TOKEN"]) }
        engines.learner = try learner.map { try ServerAddress($0, token: environment["TINYLORA_LEARNER_TOKEN"]) }
        engines.note = { console.warn($0) }
        return engines
    }
}
