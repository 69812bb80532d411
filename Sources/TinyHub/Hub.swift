internal import Foundation
public import TinyFoundation

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// Fetches files of a hub into the cache.
///
/// ```swift
/// let hub = Hub(try HubSettings())
/// let name = RepositoryName("Qwen/Qwen2.5-0.5B-Instruct")!
/// let snapshot = try await hub.download(name) { paths in paths.filter { $0.hasSuffix(".json") } }
/// snapshot.path            // ~/.cache/huggingface/hub/models--Qwen--Qwen2.5-0.5B-Instruct/snapshots/7ae5…
/// ```
public struct Hub: Sendable {
    /// Where the hub and the cache are.
    public let settings: HubSettings
    let client: HTTPClient

    /// A hub and its cache.
    public init(_ settings: HubSettings) {
        self.settings = settings
        client = HTTPClient(settings)
    }

    /// The cache.
    public var cache: HubCache { HubCache(settings.cache) }

    /// Chooses some of the paths of a repository.
    public typealias Choice = @Sendable (_ paths: [String]) throws(HubError) -> [String]

    /// Fetches files of a repository that the cache does not have, and checks their sizes and checksums.
    ///
    /// A file appears in the snapshot when it is complete. What an interrupted download has fetched is continued by the next
    /// one; two processes fetch different files or wait for each other. Files are fetched one after another, over one
    /// connection.
    ///
    /// - Parameters:
    ///   - repository: Its name.
    ///   - revision: A branch, a tag or a commit.
    ///   - choice: Which of its files; all unless given.
    ///   - report: Told what happens, on any thread.
    /// - Returns: The snapshot, from the cache alone where ``HubSettings/isOffline`` says so.
    /// - Throws: ``HubError``. Complete files stay.
    public func download(
        _ repository: RepositoryName, revision: String = "main",
        choosing choice: Choice = { (paths) throws(HubError) in paths },
        report: @escaping @Sendable (DownloadEvent) -> Void = { _ in }
    ) async throws(HubError) -> HubSnapshot {
        guard isSafePath(revision) else {
            throw HubError(.unknownRevision, "\"\(revision)\" cannot be the name of a revision")
        }
        if settings.isOffline { return try cached(repository, revision, choice) }
        let listing = HubListing(client: client, repository: repository) { report(.retry($0)) }
        let commit = try await listing.commit(of: revision)
        let all = try await listing.files(at: commit)
        let chosen = Set(try choice(all.map(\.path)))
        let files = all.filter { chosen.contains($0.path) }
        let snapshot = cache.snapshot(of: repository, commit: commit)
        let present = files.filter { isPresent($0, in: snapshot) }
        report(.listed(files: files.count, bytes: files.reduce(0) { $0 + $1.byteCount }, of: all.count))
        let missing = files.filter { !present.contains($0) }
        try checkRoom(for: missing, of: repository)
        var done = present.reduce(0) { $0 + $1.byteCount }
        for file in missing {
            let before = done
            try await fetch(file, of: repository, commit: commit, report: report) { count in
                report(.progress(file: file.path, done: before + count))
            }
            done += file.byteCount
        }
        try cache.note(commit, as: revision, of: repository)
        return HubSnapshot(
            path: snapshot, commit: commit,
            files: files.map { file in
                HubSnapshot.File(path: file.path, byteCount: file.byteCount, isNew: !present.contains(file))
            })
    }

    /// Fetches a small file from any address, whose contents are known.
    ///
    /// - Parameters:
    ///   - address: Where it is. The hub's token goes there only if that is the hub.
    ///   - byteCount: Its size.
    ///   - sha256: Its checksum, 64 digits in lower case.
    ///   - report: Told about attempts.
    /// - Throws: ``HubError``.
    public func contents(
        of address: String, byteCount: Int, sha256: String,
        report: @escaping @Sendable (DownloadEvent) -> Void = { _ in }
    ) async throws(HubError) -> [UInt8] {
        guard !settings.isOffline else {
            throw HubError(.offline, "\(address) is not fetched, as HF_HUB_OFFLINE is set")
        }
        guard let url = URL(string: address), url.isWeb else {
            throw HubError(.invalidSetting, "\"\(address)\" is not an address of HTTP")
        }
        let resource = Resource(url: url, name: address, byteCount: byteCount) { response in
            HubError(.unknownFile, "there is no file at \(address) (status \(response.statusCode))")
        }
        let sink = MemorySink()
        try await client.fetch(resource, into: sink) { report(.retry($0)) }
        let bytes = [UInt8](sink.contents)
        let found = SHA256.hash(bytes).hexadecimal
        guard found == sha256 else {
            throw HubError(.wrongChecksum, "\(address) has the SHA-256 \(found), expected \(sha256)")
        }
        return bytes
    }

    /// What the cache has of a repository.
    private func cached(
        _ repository: RepositoryName, _ revision: String, _ choice: Choice
    ) throws(HubError) -> HubSnapshot {
        guard let path = cache.snapshot(of: repository, revision: revision) else {
            throw HubError(
                .offline,
                "revision \(revision) of \(repository) is not in \(cache.path), and nothing is fetched, as HF_HUB_OFFLINE is set"
            )
        }
        let sizes = cache.files(ofSnapshot: path)
        let files = try choice(sizes.keys.sorted()).map { name in
            HubSnapshot.File(path: name, byteCount: sizes[name] ?? 0, isNew: false)
        }
        let commit = path.split(separator: "/").last.map(String.init) ?? ""
        return HubSnapshot(path: path, commit: commit, files: files)
    }

    private func isPresent(_ file: RemoteFile, in snapshot: String) -> Bool {
        fileSize("\(snapshot)/\(file.path)") == file.byteCount
    }

    /// Refuses to begin what cannot be finished.
    private func checkRoom(for files: [RemoteFile], of repository: RepositoryName) throws(HubError) {
        let needed = files.reduce(0) { sum, file in
            let blob = cache.blob(file, of: repository)
            if fileSize(blob) == file.byteCount { return sum }
            return sum + max(0, file.byteCount - (fileSize(blob + ".incomplete") ?? 0))
        }
        guard needed > 0 else { return }
        let folder = cache.folder(of: repository)
        try makeDirectory(above: "\(folder)/blobs/x")
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return }
        let (room, isHuge) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
        guard isHuge || room >= needed else {
            throw HubError(
                .diskFull, "\(repository) needs \(needed) more bytes, the disk of \(folder) has room for \(room)",
                hint: "HF_HUB_CACHE names another directory for the cache")
        }
    }
}
