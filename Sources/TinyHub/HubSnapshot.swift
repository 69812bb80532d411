/// Files of a repository in the cache.
public struct HubSnapshot: Sendable {
    /// The directory.
    public let path: String
    /// What the revision is.
    public let commit: String
    /// The chosen files.
    public let files: [File]

    /// A file of a snapshot.
    public struct File: Sendable, Codable {
        /// Path below the snapshot.
        public let path: String
        /// Size in bytes.
        public let byteCount: Int
        /// Whether it was fetched just now.
        public let isNew: Bool

        /// Describes a file.
        public init(path: String, byteCount: Int, isNew: Bool) {
            self.path = path
            self.byteCount = byteCount
            self.isNew = isNew
        }

        private enum CodingKeys: String, CodingKey {
            case path
            case byteCount = "bytes"
            case isNew = "fetched"
        }
    }
}
