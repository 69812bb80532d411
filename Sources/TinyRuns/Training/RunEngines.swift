internal import Foundation
internal import TinyAdapter
public import TinyEngine
internal import TinyCheckpoint
internal import TinyFoundation
public import TinyRecords
public import TinyRemote

/// Engines in other processes that a run is to use. Their probabilities are not this process's to the last bit.
public struct RemoteEngines: Sendable {
    /// Servers that sample; none samples in this process.
    public var samplers: [ServerAddress] = []
    /// The process that learns; `nil` learns in this one.
    public var learner: ServerAddress?
    /// Told, as sentences, when one of them is lost and when it is back.
    public var note: @Sendable (String) -> Void = { _ in }

    /// No other process.
    public init() {}

    /// Whether completions are sampled in this process.
    var samplesHere: Bool { samplers.isEmpty }

    /// Whether gradients are computed in this process.
    var learnsHere: Bool { learner == nil }
}

/// Who samples and who learns in a run: this process, or others that it has checked against itself.
public struct RunEngines: Sendable {
    /// The engine of this process.
    public let local: LocalEngine
    /// What samples.
    public let sampler: any Sampler
    /// What gives log-probabilities and gradients.
    public let learner: any Learner
    /// Engines in other processes, by their role, as shown to people.
    public let descriptions: [(role: String, name: String)]
    /// Software of the other processes, by role: a run that goes on with other software is another run.
    let schemes: [String: String]

    /// The descriptions by role, for the record; `nil` where this process does everything.
    var names: [String: [String]]? {
        descriptions.isEmpty ? nil : Dictionary(grouping: descriptions, by: \.role).mapValues { $0.map(\.name) }
    }

    /// Whether completions are sampled in this process.
    var samplesHere: Bool { schemes[RunManifest.samplerScheme] == nil }

    /// Whether gradients are computed in this process.
    var learnsHere: Bool { schemes[RunManifest.learnerScheme] == nil }

    /// Connects.
    ///
    /// - Parameters:
    ///   - method: What is trained.
    ///   - probe: Token ids of a prompt, by which engines are compared.
    ///   - directory: Where the run's files are; adapters for servers are among them.
    /// - Throws: `RemoteError` when an engine does not answer, or holds another model.
    init(
        _ remote: RemoteEngines, local: LocalEngine, method: any AdapterMethod, model: LoadedModel, probe: [Int],
        in directory: RunDirectory
    ) async throws {
        self.local = local
        var schemes: [String: String] = [:], descriptions: [(role: String, name: String)] = []
        if remote.samplers.isEmpty {
            sampler = local
        } else {
            let servers = try await model.servers(
                remote, judge: local, probe: probe, adaptersIn: directory.servedAdapters
            ) { directory.append($0) }
            schemes[RunManifest.samplerScheme] = servers.software
            descriptions += servers.servers.map { ("sampler", $0) }
            sampler = servers
        }
        if let address = remote.learner {
            var settings = RemoteSettings()
            settings.note = remote.note
            settings.checked = { directory.append($0) }
            let process = try await RemoteLearner(
                address, basis: AdapterBasis(method), initialAdapter: method.initialValues, judge: local,
                vocabularySize: model.checkpoint.configuration.vocabularySize, probe: probe, settings: settings)
            schemes[RunManifest.learnerScheme] = "torch"
            descriptions.append(("learner", process.name))
            learner = process
        } else {
            learner = local
        }
        self.schemes = schemes
        self.descriptions = descriptions
    }
}

extension Agreement: Record {}
