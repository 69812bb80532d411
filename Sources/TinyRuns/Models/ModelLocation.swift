public import Foundation
public import TinyFoundation
internal import TinyHub

/// Where the cache of `tinylora download` and Hugging Face's tools has a model, for a name such as
/// `Qwen/Qwen2.5-0.5B-Instruct`.
///
/// - Parameters:
///   - text: A name, or a path. A path that exists wins.
///   - folder: What a relative path is relative to.
///   - environment: Names the cache; see `HubSettings`.
/// - Returns: The model's directory, or its GGUF file where that is all there is, of several parts the first; `nil` when `text`
///   is a path.
/// - Throws: ``RunError`` with code `unusableModel` for a name that is neither a path nor in the cache, that lacks the owner of a
///   model in the cache, or that has several GGUF files which are not the parts of one model.
public func cachedModel(
    _ text: String, in folder: String = ".", environment: [String: String] = ProcessInfo.processInfo.environment
) throws(RunError) -> String? {
    let path = absolutePath(text, in: folder)
    guard !FileManager.default.fileExists(atPath: path) else { return nil }
    guard let name = RepositoryName(text) else {
        try refuseMissingOwner(text, path: path, environment)
        return nil
    }
    let cache: HubCache
    do throws(HubError) { cache = HubCache(try HubSettings(environment: environment).cache) } catch {
        throw RunError(.unusableModel, error)
    }
    guard let snapshot = cache.snapshot(of: name) else {
        throw RunError(
            .unusableModel, "there is neither \(path) nor a model \(name) in the cache \(cache.path)",
            hint: "`tinylora download \(name)` fetches the model")
    }
    return try soleModelFile(in: snapshot) ?? snapshot
}

/// Refuses the name of a model in the cache without its owner, where there is no such path.
private func refuseMissingOwner(_ text: String, path: String, _ environment: [String: String]) throws(RunError) {
    guard !text.contains("/"), let settings = try? HubSettings(environment: environment) else { return }
    let found = HubCache(settings.cache).repositories(named: text)
    guard !found.isEmpty else { return }
    throw RunError(
        .unusableModel, "there is no \(path)",
        hint: "the name of a downloaded model has its owner: \(found.map(\.description).joined(separator: " or "))")
}

/// The GGUF file of a snapshot that has one, or the first of one model's parts, and no model directory's files.
private func soleModelFile(in snapshot: String) throws(RunError) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: snapshot)) ?? []
    let files = names.filter { $0.hasSuffix(".gguf") }.sorted()
    guard !names.contains("config.json"), let first = files.first else { return nil }
    guard files.count == 1 || files == partNames(like: first, count: files.count) else {
        throw RunError(
            .unusableModel, "\(snapshot) has several GGUF files: \(files.joined(separator: ", "))",
            hint: "give the path of one of them")
    }
    return "\(snapshot)/\(first)"
}

/// The names of a model's parts as llama.cpp numbers them, where the first is this.
private func partNames(like first: String, count: Int) -> [String] {
    func digits(_ number: Int) -> String { String(repeating: "0", count: max(0, 5 - "\(number)".count)) + "\(number)" }
    func end(_ number: Int) -> String { "-\(digits(number))-of-\(digits(count)).gguf" }
    guard first.hasSuffix(end(1)) else { return [] }
    return (1...count).map { first.dropLast(end(1).count) + end($0) }
}

/// The first file in a directory, by name, that is one of a model or an adapter; `nil` where there is none.
func modelFile(in directory: String) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    let endings = [".safetensors", ".safetensors.index.json", ".gguf"]
    return names.sorted().first { name in
        ["config.json", "tokenizer.json"].contains(name) || endings.contains(where: name.hasSuffix)
    }
}

/// What other tools find the model at a path by: its repository in a cache, `owner/name`, which is the same on every machine;
/// else the path.
func modelReference(at path: String) -> String { HubCache.repository(ofSnapshot: path)?.description ?? path }

/// What people call the model at a path: its repository's name in a cache, else the last part of the path.
func modelName(at path: String) -> String {
    HubCache.repository(ofSnapshot: path)?.name ?? URL(fileURLWithPath: path).lastPathComponent
}
