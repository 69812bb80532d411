internal import Foundation
internal import TinyFoundation

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// What the hub says about a repository.
struct HubListing {
    let client: HTTPClient
    let repository: RepositoryName
    /// Told about failures that are tried again.
    let note: @Sendable (String) -> Void

    private var endpoint: String { client.settings.endpoint }

    /// The commit of a revision.
    func commit(of revision: String) async throws(HubError) -> String {
        let address = "\(endpoint)/api/models/\(repository)/revision/\(encoded(revision, but: ""))"
        let (data, _) = try await answer(address, called: "revision \(revision) of \(repository)", revision)
        let commit = try reading { () throws(FileError) in
            try JSONDocument(Array(data), name: address).root.member("sha").string()
        }
        guard isHash(commit, digits: 40) else {
            throw HubError(.invalidAnswer, "\(address) gives the commit \"\(commit.prefix(80))\", expected 40 digits")
        }
        return commit
    }

    /// All files of a commit, in the order of their paths.
    func files(at commit: String) async throws(HubError) -> [RemoteFile] {
        var next: String? = "\(endpoint)/api/models/\(repository)/tree/\(commit)?recursive=true"
        var files: [RemoteFile] = []
        var pages = 0
        while let address = next {
            pages += 1
            guard pages <= 1000 else {
                throw HubError(.invalidAnswer, "the listing of \(repository) has more than 1000 pages")
            }
            let (data, link) = try await answer(address, called: "the listing of \(repository)", commit)
            files += try page(data, name: "the listing of \(repository)")
            next = link.flatMap { URL(string: $0, relativeTo: URL(string: address))?.absoluteString }
        }
        guard Set(files.map(\.path)).count == files.count else {
            throw HubError(.invalidAnswer, "the listing of \(repository) has a file twice")
        }
        return files.sorted { $0.path < $1.path }
    }

    /// Where a file's bytes are.
    static func resource(
        _ file: RemoteFile, of repository: RepositoryName, commit: String, endpoint: String
    ) throws(HubError) -> Resource {
        let name = "\(file.path) of \(repository)"
        return Resource(
            url: try url("\(endpoint)/\(repository)/resolve/\(commit)/\(encoded(file.path, but: "/"))"), name: name,
            byteCount: file.byteCount
        ) { refusal($0, repository, revision: commit, endpoint: endpoint, otherwise: name) }
    }

    /// The files of one page of a listing.
    private func page(_ data: Data, name: String) throws(HubError) -> [RemoteFile] {
        let entries = try reading { () throws(FileError) in
            var files: [RemoteFile] = []
            for entry in try JSONDocument(Array(data), name: name).root.elements() {
                guard try entry.member("type").string() == "file" else { continue }
                let stored = try entry.optional("lfs")
                let checksum: RemoteFile.Checksum =
                    if let stored { .sha256(try stored.member("oid").string()) } else {
                        .gitBlob(try entry.member("oid").string())
                    }
                files.append(
                    RemoteFile(
                        path: try entry.member("path").string(),
                        byteCount: try (stored ?? entry).member("size").integer(), checksum: checksum))
            }
            return files
        }
        for file in entries {
            // Paths and checksums become names of files.
            guard isSafePath(file.path) else {
                throw HubError(
                    .invalidAnswer, "\(name) has the file \"\(file.path.prefix(200))\", which is no safe path",
                    hint: "nothing was fetched")
            }
            let isHashed =
                switch file.checksum {
                case .sha256(let digits): isHash(digits, digits: 64)
                case .gitBlob(let digits): isHash(digits, digits: 40)
                }
            guard isHashed, file.byteCount >= 0 else {
                throw HubError(.invalidAnswer, "\(name) gives no usable checksum and size for \(file.path)")
            }
        }
        return entries
    }

    /// A JSON answer, and the address of the next page.
    private func answer(
        _ address: String, called name: String, _ revision: String
    ) async throws(HubError) -> (Data, next: String?) {
        let (repository, endpoint) = (repository, endpoint)
        let resource = Resource(url: try Self.url(address), name: name) {
            Self.refusal($0, repository, revision: revision, endpoint: endpoint, otherwise: nil)
        }
        let sink = MemorySink()
        let response = try await client.fetch(resource, into: sink, note: note)
        return (sink.contents, response?.value(forHTTPHeaderField: "Link").flatMap(nextPage))
    }

    /// What a refused request means. The hub hides private repositories: to a stranger they do not exist.
    private static func refusal(
        _ response: HTTPURLResponse, _ repository: RepositoryName, revision: String, endpoint: String,
        otherwise file: String?
    ) -> HubError {
        switch (response.statusCode, response.value(forHTTPHeaderField: "X-Error-Code")) {
        case (_, "GatedRepo"):
            HubError(
                .accessDenied, "\(repository) is gated: its owner decides who may fetch it",
                hint: "accept its terms at \(endpoint)/\(repository), then set HF_TOKEN to a token of your account")
        case (_, "RevisionNotFound"): HubError(.unknownRevision, "\(repository) has no revision \(revision)")
        case (_, "EntryNotFound"): HubError(.unknownFile, "\(file ?? "the file") is not on the hub")
        case (404, let code) where code != "RepoNotFound" && file != nil:
            HubError(.unknownFile, "\(file ?? "the file") is not on the hub")
        case (401, _), (404, _):
            HubError(
                .unknownRepository,
                revision == "main" || response.value(forHTTPHeaderField: "X-Error-Code") == "RepoNotFound"
                    ? "\(endpoint) knows no public model \(repository) (status \(response.statusCode))"
                    : "\(endpoint) knows no public model \(repository) with the revision \(revision) (status \(response.statusCode))",
                hint: "check the name; a private model needs a token of its owner in HF_TOKEN")
        default:
            HubError(
                .accessDenied, "\(endpoint) denies access to \(repository) (status \(response.statusCode))",
                hint: "set HF_TOKEN to a token that may read it")
        }
    }

    private static func url(_ address: String) throws(HubError) -> URL {
        guard let url = URL(string: address) else {
            throw HubError(.invalidSetting, "\"\(address)\" is not an address")
        }
        return url
    }

    private func reading<Value>(_ body: () throws(FileError) -> Value) throws(HubError) -> Value {
        do throws(FileError) { return try body() } catch {
            throw HubError(.invalidAnswer, error)
        }
    }
}

/// The address of the next page: `<https://…>; rel="next"`. Source: RFC 8288, §3.
private func nextPage(_ link: String) -> String? {
    for part in link.split(separator: ",") where part.contains("rel=\"next\"") {
        guard let start = part.firstIndex(of: "<"), let end = part.firstIndex(of: ">"), start < end else { continue }
        return String(part[part.index(after: start)..<end])
    }
    return nil
}

/// A text as a part of an address; letters, digits and `-._~` stand for themselves.
private func encoded(_ text: String, but others: String) -> String {
    let allowed = CharacterSet(
        charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~" + others)
    return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? text
}
