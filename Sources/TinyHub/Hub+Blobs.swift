internal import Foundation
internal import TinyFoundation

extension Hub {
    /// Puts a file into the snapshot, fetching its bytes unless the cache has them.
    func fetch(
        _ file: RemoteFile, of repository: RepositoryName, commit: String,
        report: @escaping @Sendable (DownloadEvent) -> Void, moved: @escaping @Sendable (Int) -> Void
    ) async throws(HubError) {
        let blob = cache.blob(file, of: repository)
        if fileSize(blob) != file.byteCount {
            try makeDirectory(above: blob)
            let lock = try await BlobLock(cache.lock(of: file, of: repository)) {
                report(.retry("another process is fetching \(file.path); waiting for it"))
            }
            if fileSize(blob) != file.byteCount {
                let resource = try HubListing.resource(
                    file, of: repository, commit: commit, endpoint: client.settings.endpoint)
                try await fetch(resource, file, to: blob, report: report, moved: moved)
            }
            withExtendedLifetime(lock) {}
        }
        try cache.link(file, of: repository, commit: commit)
    }

    /// Fetches a blob, continuing what an earlier attempt has left.
    private func fetch(
        _ resource: Resource, _ file: RemoteFile, to blob: String, report: @escaping @Sendable (DownloadEvent) -> Void,
        moved: @escaping @Sendable (Int) -> Void
    ) async throws(HubError) {
        let incomplete = blob + ".incomplete"
        let sink = try IncompleteFile(incomplete, of: file.byteCount, moved: moved)
        var wasContinued = sink.count > 0
        while true {
            try await client.fetch(resource, into: sink) { report(.retry($0)) }
            let found = try digits(file, at: incomplete)
            if found == file.checksum.digits { break }
            try sink.restart()
            guard wasContinued else {
                unlink(incomplete)
                throw HubError(
                    .wrongChecksum,
                    "\(resource.name) arrived with the checksum \(found), its listing says \(file.checksum.digits)",
                    hint: "the file was removed; a proxy or the disk may damage files")
            }
            // The damage may be in the part that was there.
            wasContinued = false
            report(.retry("the earlier part of \(file.path) was damaged; fetching all of it"))
        }
        try sink.synchronize()
        guard rename(incomplete, blob) == 0 else {
            let error = SystemError.last
            throw HubError(.unwritable, "cannot write \(blob): \(error)", underlying: error)
        }
    }

    /// The checksum of what is on the disk.
    private func digits(_ file: RemoteFile, at path: String) throws(HubError) -> String {
        do throws(FileError) {
            return try MappedFile(path: path).withBytes { file.checksum.digits(of: $0) }
        } catch {
            throw HubError(.unwritable, error)
        }
    }
}
