public import TinyEngine
internal import TinyCheckpoint
internal import TinyProblems
public import TinyRemote

extension LoadedModel {
    /// Servers that sample in place of this process, each checked against it.
    ///
    /// - Parameters:
    ///   - remote: Their addresses, and who is told when one is lost.
    ///   - judge: The engine of this process, whose log-probabilities theirs have to agree with. Adapters are of its method.
    ///   - probe: Token ids of a prompt, by which they are compared; a sum unless given.
    ///   - folder: Where adapters are written; servers of vLLM's protocol have to see it under the same path.
    ///   - checked: Told how far each comparison agrees.
    /// - Throws: `RemoteError` when a server does not answer, or holds another model.
    public func servers(
        _ remote: RemoteEngines, judge: LocalEngine, probe: [Int]? = nil, adaptersIn folder: String,
        checked: @escaping @Sendable (Agreement) -> Void = { _ in }
    ) async throws -> RemoteSampler {
        var settings = RemoteSettings()
        settings.note = remote.note
        settings.checked = checked
        return try await RemoteSampler(
            remote.samplers,
            adapters: try judge.method.map {
                try RemoteAdapters($0, of: checkpoint, fingerprint: fingerprint, in: folder)
            },
            judge: judge, vocabularySize: checkpoint.configuration.vocabularySize,
            probe: .init(prompt: try probe ?? prompter().prompt(for: "1 + 1 = ?").tokens, stopTokens: stopTokens),
            settings: settings)
    }
}
