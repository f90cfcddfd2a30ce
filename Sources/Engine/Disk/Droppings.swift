/// Whether the last part of a path is a name that operating systems, editors and network disks drop beside what people
/// keep: in an input folder it is no part of the input.
func isDropping(_ name: ArraySlice<UInt8>) -> Bool {
    guard let first = name.first, let last = name.last else { return false }
    if last == UInt8(ascii: "~") || first == UInt8(ascii: "#") && last == first && name.count > 1 { return true }
    let text = String(decoding: name, as: UTF8.self)
    if dropped.contains(text) { return true }
    guard first == UInt8(ascii: ".") else { return false }
    // Of macOS beside each file elsewhere, of NFS for what was removed while open, of Emacs, LibreOffice, GNOME, Vim,
    // Kate, and Syncthing.
    return [".nfs", "._", ".#", ".~lock.", ".goutputstream-", ".fuse_hidden", ".Trash-", ".syncthing."].contains {
        text.hasPrefix($0)
    }
        || text.hasSuffix(".swp") || text.hasSuffix(".swo") || text.hasSuffix(".swx") || text.hasSuffix(".kate-swp")
}

private let dropped: Set<String> = [
    ".DS_Store", ".AppleDouble", ".LSOverride", ".Spotlight-V100", ".Trashes", ".fseventsd", ".TemporaryItems",
    ".DocumentRevisions-V100", "__MACOSX",
    "Thumbs.db", "Thumbs.db:encryptable", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "Desktop.ini",
    "$RECYCLE.BIN", "System Volume Information",
    "Icon\r", ".localized", ".picasa.ini", "Picasa.ini", ".thumbnails", ".ipynb_checkpoints",
    ".directory", ".snapshot", ".zfs", "lost+found", "@eaDir", ".dropbox", ".dropbox.attr", ".stfolder",
]
