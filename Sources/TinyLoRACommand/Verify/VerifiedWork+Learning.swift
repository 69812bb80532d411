import TinyLoRA
import TinyFoundation

// Ways to score and differentiate completions that were sampled before.
extension VerifiedWork {
    /// Samples of a prompt that gradients are computed of.
    static let learntSamples = 4
    private static let loraPrompts = 3

    private func sequences(_ samples: [Sample], _ sampled: Findings) -> [ScoredSequence] {
        samples.map {
            ScoredSequence(prompt: prompts[$0.prompt].tokens, completion: sampled.tokens(of: $0.part))
        }
    }

    private func adapter(of prompt: Int) -> [Float]? { prompts[prompt].adapter.map { adapters[$0] } }

    /// Log-probabilities of the first `most` samples of each prompt; in one call for each adapter, or each sequence in its own.
    func scored(_ sampled: Findings, most: Int, apart: Bool, on engine: LocalEngine) async throws -> Findings {
        var findings = Findings()
        for prompts in promptsByAdapter {
            let samples = samples(most: most).filter { prompts.contains($0.prompt) }
            for part in apart ? samples.map({ [$0] }) : [samples] {
                let logprobs = try await engine.logprobs(
                    of: sequences(part, sampled), adapter: adapter(of: part[0].prompt), temperature: 1)
                for (sample, values) in zip(part, logprobs) { findings.add(.logprobs, values, of: sample.part) }
            }
        }
        return findings
    }

    /// The gradient of each prompt's unit and the log-probabilities that come with it; in one call for each adapter, or each
    /// prompt in its own. Of the base model it is the gradient of an adapter of zeros.
    func differentiated(_ sampled: Findings, apart: Bool, on engine: LocalEngine) async throws -> Findings {
        var findings = Findings()
        for prompts in promptsByAdapter {
            for part in apart ? prompts.map({ [$0] }) : [prompts] {
                let samples = samples(most: Self.learntSamples).filter { part.contains($0.prompt) }
                let result = try await engine.gradients(
                    of: sequences(samples, sampled), adapter: adapter(of: part[0]) ?? method.initialValues,
                    temperature: 1
                ) { _, logprobs in Self.tokenWeights(logprobs) }
                for (sample, values) in zip(samples, result.logprobs) {
                    findings.add(.logprobs, values, of: sample.part)
                }
                guard case .units(let units) = result.parts else { continue }
                for (prompt, gradient) in zip(part, units) {
                    findings.add(.gradients, gradient, of: "prompt \(prompt + 1)")
                }
            }
        }
        return findings
    }

    /// The gradient of a LoRA, of which only the hash is kept: it has many numbers.
    func differentiatedLoRA(
        _ lora: any AdapterMethod, _ sampled: Findings, learningRows: Int?, threads: Int
    ) async throws -> Findings {
        var stream = RandomStream(.corpus, seed: 2)
        let values = (0..<lora.parameterCount).map { _ in Float(0.02 * stream.normal()) }
        let engine = LocalEngine(model: model, method: lora, threads: threads, learningRows: learningRows)
        let samples = samples(most: 2).filter { $0.prompt < Self.loraPrompts }
        let gradient = try await engine.gradients(of: sequences(samples, sampled), adapter: values, temperature: 1) {
            _, logprobs in Self.tokenWeights(logprobs)
        }.gradient
        var hash = SHA256(), findings = Findings()
        for slope in gradient { withUnsafeBytes(of: slope.bitPattern.littleEndian) { hash.update($0) } }
        let digest = hash.finish().bytes
        let words = stride(from: 0, to: digest.count, by: 4).map { start in
            digest[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        findings.add(.lora, words, of: "all modules")
        return findings
    }

    /// A loss that depends on the log-probabilities, so that an error in those would be seen twice.
    private static func tokenWeights(_ logprobs: [Float]) -> [Float] { logprobs.map { 1 + 0.25 * $0 } }
}
