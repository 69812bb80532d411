internal import Foundation
internal import TinyFoundation

/// The directory in which Hugging Face's tools keep what they fetched.
///
/// ```text
/// models--Qwen--Qwen2.5-0.5B/refs/main                      the commit of a branch or tag
/// models--Qwen--Qwen2.5-0.5B/blobs/7c7b…                    a file's bytes, named by their checksum
/// models--Qwen--Qwen2.5-0.5B/blobs/7c7b….incomplete         the beginning of a file's bytes
/// models--Qwen--Qwen2.5-0.5B/snapshots/60b1…/config.json    a link to a blob
/// .locks/models--Qwen--Qwen2.5-0.5B/7c7b….lock              held by the process that fetches the blob
/// ```
public struct HubCache: Sendable {
    /// The directory, which need not exist.
    public let path: String

    private static let folderPrefix = "models--", snapshotsName = "snapshots"

    /// The cache at a path.
    public init(_ path: String) { self.path = path }

    /// The directory with the files of a repository at a revision; `nil` when the cache has none.
    ///
    /// Which of the repository's files it holds is up to whoever fetched them.
    public func snapshot(of repository: RepositoryName, revision: String = "main") -> String? {
        guard isSafePath(revision) else { return nil }
        let reference = FileManager.default.contents(atPath: "\(folder(of: repository))/refs/\(revision)")
        let commit = reference.map {
            String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let snapshot = snapshot(of: repository, commit: commit ?? revision)
        return isHash(commit ?? revision, digits: 40) && isDirectory(snapshot) ? snapshot : nil
    }

    /// The repositories of this name, in any letter case, whoever owns them, of which the cache has the main branch.
    public func repositories(named name: String) -> [RepositoryName] {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return folders.sorted().compactMap { folder in
            let names = folder.dropFirst(Self.folderPrefix.count).split(separator: "--")
            guard folder.hasPrefix(Self.folderPrefix), names.count == 2, names[1].lowercased() == name.lowercased(),
                let repository = RepositoryName("\(names[0])/\(names[1])"), snapshot(of: repository) != nil
            else { return nil }
            return repository
        }
    }

    /// The name of the repository whose snapshot is at this path, in any cache.
    public static func repository(ofSnapshot path: String) -> RepositoryName? {
        let parts = URL(fileURLWithPath: path).pathComponents.suffix(3)
        guard let folder = parts.first, parts.count == 3, isSnapshots(parts.dropLast()) else { return nil }
        let names = folder.dropFirst(folderPrefix.count).split(separator: "--")
        return names.count == 2 ? RepositoryName("\(names[0])/\(names[1])") : nil
    }

    /// Whether a path, or where its links lead, is among a repository's snapshots or in one of them, in any cache.
    public static func isInSnapshots(_ path: String) -> Bool {
        let place = URL(fileURLWithPath: path).standardizedFileURL
        return [place, place.resolvingSymlinksInPath()].contains { url in
            let parts = url.pathComponents
            return parts.indices.dropLast().contains { isSnapshots(parts[$0...$0 + 1]) }
        }
    }

    /// Whether two components of a path are the folder of a repository, which may be an old one without an owner, and that of
    /// its snapshots.
    private static func isSnapshots(_ parts: ArraySlice<String>) -> Bool {
        parts.first?.hasPrefix(folderPrefix) == true && parts.last == snapshotsName
    }

    /// Where a repository's files are.
    func folder(of repository: RepositoryName) -> String { "\(path)/\(folderName(of: repository))" }

    private func folderName(of repository: RepositoryName) -> String {
        "\(Self.folderPrefix)\(repository.owner)--\(repository.name)"
    }

    func snapshot(of repository: RepositoryName, commit: String) -> String {
        "\(folder(of: repository))/\(Self.snapshotsName)/\(commit)"
    }

    func blob(_ file: RemoteFile, of repository: RepositoryName) -> String {
        "\(folder(of: repository))/blobs/\(file.checksum.digits)"
    }

    func lock(of file: RemoteFile, of repository: RepositoryName) -> String {
        "\(path)/.locks/\(folderName(of: repository))/\(file.checksum.digits).lock"
    }

    /// The files below a snapshot with their sizes, by path.
    func files(ofSnapshot snapshot: String) -> [String: Int] {
        var sizes: [String: Int] = [:]
        for name in FileManager.default.enumerator(atPath: snapshot) ?? .init() {
            guard let name = name as? String, let size = fileSize("\(snapshot)/\(name)") else { continue }
            sizes[name] = size
        }
        return sizes
    }

    /// Makes the snapshot's link to a blob, in place of whatever is there.
    func link(_ file: RemoteFile, of repository: RepositoryName, commit: String) throws(HubError) {
        let place = "\(snapshot(of: repository, commit: commit))/\(file.path)"
        let up = String(repeating: "../", count: 2 + file.path.utf8.count { $0 == UInt8(ascii: "/") })
        try makeDirectory(above: place)
        let temporary = "\(place).\(UUID().uuidString).tmp"
        guard symlink("\(up)blobs/\(file.checksum.digits)", temporary) == 0, rename(temporary, place) == 0 else {
            let error = SystemError.last
            unlink(temporary)
            throw HubError(.unwritable, "cannot make the link \(place): \(error)", underlying: error)
        }
    }

    /// Notes the commit of a branch or tag.
    func note(_ commit: String, as revision: String, of repository: RepositoryName) throws(HubError) {
        let place = "\(folder(of: repository))/refs/\(revision)"
        guard revision != commit, FileManager.default.contents(atPath: place) != Data(commit.utf8) else { return }
        try makeDirectory(above: place)
        do throws(FileError) { try AtomicFile.write(Data(commit.utf8), to: place) } catch {
            throw HubError(.unwritable, error)
        }
    }
}

/// Makes the directory that will hold `path`.
func makeDirectory(above path: String) throws(HubError) {
    do throws(FileError) {
        try AtomicFile.makeDirectory(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    } catch {
        throw HubError(.unwritable, error)
    }
}

/// The size of a file, where links lead; `nil` when there is no file.
func fileSize(_ path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
}

private func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
