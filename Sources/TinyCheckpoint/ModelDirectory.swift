import Foundation
import TinyFoundation

/// Finds and reads the files of a model directory.
struct ModelDirectory {
    static let configurationName = "config.json"
    static let generationName = "generation_config.json"
    static let weightsName = "model.safetensors"
    static let indexName = "model.safetensors.index.json"

    let path: String

    func file(_ name: String) -> String { path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

    func has(_ name: String) -> Bool { access(file(name), F_OK) == 0 }

    func checkPresence() throws(CheckpointError) {
        try withCheckpointErrors { () throws(FileError) in try requireDirectory(path, as: "model directory") }
    }

    /// `config.json` alone.
    func configuration() throws(CheckpointError) -> ModelConfiguration {
        let path = file(Self.configurationName)
        return try ModelConfiguration(json: contents(of: path), path: path)
    }

    /// The end-of-text tokens of `generation_config.json`, which count instead of those of `config.json`, as in transformers;
    /// `nil` where it has none or is absent.
    func endOfText() throws(CheckpointError) -> [Int]? {
        guard has(Self.generationName) else { return nil }
        let path = file(Self.generationName)
        return try ConfigurationObject(parsing: contents(of: path), path: path).integers("eos_token_id")
    }

    /// The text of `config.json`, byte for byte but for the type of the weights.
    ///
    /// Transformers 5 calls the type `dtype`, transformers 4 and older tools `torch_dtype`; a file that names none goes on
    /// naming none. There is no other member that depends on how weights are stored: ``ModelConfiguration`` refuses those of
    /// quantised weights.
    ///
    /// - Parameter storedType: The type of all weights; `nil` changes nothing.
    func configurationJSON(storedType: ElementType?) throws(CheckpointError) -> Data {
        let path = file(Self.configurationName), json = Array(try contents(of: path))
        guard let storedType else { return Data(json) }
        var edited = Data(), end = 0
        for (name, value) in try ConfigurationObject(parsing: Data(json), path: path).members()
        where ["dtype", "torch_dtype"].contains(name) && value.isString {
            edited += json[end..<value.textRange.lowerBound] + storedType.torchName.utf8
            end = value.textRange.upperBound
        }
        return edited + json[end...]
    }

    /// The text of `generation_config.json`; `nil` where there is none.
    func generationJSON() throws(CheckpointError) -> Data? {
        has(Self.generationName) ? try contents(of: file(Self.generationName)) : nil
    }

    /// Where every tensor is.
    func weights() throws(CheckpointError) -> [String: StoredTensor] {
        if has(Self.weightsName) {
            let file = try SafetensorsFile(path: file(Self.weightsName))
            return file.tensors.mapValues { StoredTensor(file: file.mapped, record: $0) }
        }
        guard has(Self.indexName) else {
            throw CheckpointError(
                .unreadable, "\(path) has neither \(Self.weightsName) nor \(Self.indexName)",
                hint: has("pytorch_model.bin") || has("pytorch_model.bin.index.json")
                    ? "the weights are in PyTorch's own format; transformers' save_pretrained writes safetensors" : nil)
        }
        return try shardedWeights()
    }

    private func shardedWeights() throws(CheckpointError) -> [String: StoredTensor] {
        let index = try ConfigurationObject(parsing: contents(of: file(Self.indexName)), path: file(Self.indexName))
        let map = try index.required("weight_map", index.object("weight_map"))
        var shards: [String: SafetensorsFile] = [:]
        var stored: [String: StoredTensor] = [:]
        for (name, value) in try map.members().sorted(by: { $0.name < $1.name }) {
            let shardName = try withCheckpointErrors { () throws(FileError) in try value.string() }
            guard !shardName.contains("/"), shardName.hasSuffix(".safetensors") else {
                throw CheckpointError(
                    .malformedHeader,
                    "\(index.path) puts \(name) into \"\(shardName)\", which is no safetensors file beside it")
            }
            let shard: SafetensorsFile
            if let opened = shards[shardName] {
                shard = opened
            } else {
                shard = try SafetensorsFile(path: file(shardName))
                shards[shardName] = shard
            }
            guard let record = shard.tensors[name] else {
                throw CheckpointError(
                    .missingTensor, "\(shard.path) has no tensor \(name), which \(index.path) says it holds")
            }
            stored[name] = StoredTensor(file: shard.mapped, record: record)
        }
        for shard in shards.values.sorted(by: { $0.path < $1.path }) {
            let names = shard.tensors.keys.filter { stored[$0]?.file.path != shard.path }
            guard let name = names.min() else { continue }
            let claim = stored[name].map { "puts into \($0.file.path)" } ?? "does not list"
            throw CheckpointError(.unusedTensor, "\(shard.path) has the tensor \(name), which \(index.path) \(claim)")
        }
        return stored
    }

    private func contents(of path: String) throws(CheckpointError) -> Data {
        try withCheckpointErrors { () throws(FileError) in try TinyFoundation.contents(ofFile: path) }
    }
}
