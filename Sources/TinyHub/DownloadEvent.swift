/// What happens in a download.
public enum DownloadEvent: Sendable {
    /// So many files and bytes were chosen of so many files.
    case listed(files: Int, bytes: Int, of: Int)
    /// So many of the chosen bytes are in the cache; the file is on its way.
    case progress(file: String, done: Int)
    /// Something failed and is tried again, or another process is waited for.
    case retry(String)
}
