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
/// - Returns: The model's directory, or its GGUF file where that is all there is; `nil` when `text` is a path.
/// - Throws: ``RunError`` with code `unusableModel` for a name that is neither a path nor in the cache.
public func cachedModel(
    _ text: String, in folder: String = ".", environment: [String: String] = ProcessInfo.processInfo.environment
) throws(RunError) -> String? {
    let path = absolutePath(text, in: folder)
    guard !FileManager.default.fileExists(atPath: path), let name = RepositoryName(text) else { return nil }
    let cache: HubCache
    do throws(HubError) { cache = HubCache(try HubSettings(environment: environment).cache) } catch {
        throw RunError(.unusableModel, error)
    }
    guard let snapshot = cache.snapshot(of: name) else {
        throw RunError(
            .unusableModel, "there is neither \(path) nor a model \(name) in the cache \(cache.path)",
            hint: "`tinylora download \(name)` fetches the model")
    }
    return soleModelFile(in: snapshot) ?? snapshot
}

/// The GGUF file of a snapshot that has one and no model directory's files.
private func soleModelFile(in snapshot: String) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: snapshot)) ?? []
    let files = names.filter { $0.hasSuffix(".gguf") }
    return files.count == 1 && !names.contains("config.json") ? "\(snapshot)/\(files[0])" : nil
}

/// What people call the model at a path: its repository's name in a cache, else the last part of the path.
func modelName(at path: String) -> String {
    HubCache.repository(ofSnapshot: path)?.name ?? URL(fileURLWithPath: path).lastPathComponent
}
