import TinyAdapter
import TinyEngine
import TinyFoundation
import TinyRuns

extension AdaptableModel {
    /// An adapter of this model with these numbers.
    func adapter(_ design: any AdapterDesign, values: [Float], type: ElementType) throws -> AdapterFile {
        try AdapterFile(
            design: design, baseModel: AdapterFile.BaseModel(name: name, fingerprint: try fingerprint), values: values,
            elementType: type, arithmetic: arithmetic, toolVersion: "test")
    }
}

extension LoadedModel {
    /// The log-probabilities of all tokens but the first.
    func logprobs(of tokens: [Int], _ adapter: AdapterFile?) async throws -> [Float] {
        let engine = try engine(adapter: adapter, threads: 1, cache: nil)
        let sequence = ScoredSequence(prompt: [tokens[0]], completion: Array(tokens[1...]))
        return try await engine.logprobs(of: [sequence], adapter: adapter?.values, temperature: 1)[0]
    }
}
