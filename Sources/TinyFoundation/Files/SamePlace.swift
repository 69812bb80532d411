internal import Foundation

/// Whether two paths lead to the same file or directory, through links of any kind.
///
/// - Returns: `false` where one of them leads nowhere.
package func isSamePlace(_ first: String, _ second: String) -> Bool {
    var one = stat(), other = stat()
    return stat(first, &one) == 0 && stat(second, &other) == 0 && one.st_ino == other.st_ino
        && one.st_dev == other.st_dev
}
