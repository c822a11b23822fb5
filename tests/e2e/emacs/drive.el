;;; drive.el --- What a person would do in Emacs with eglot  -*- lexical-binding: t -*-
;; One line of output for every thing seen. Run with the example's shop/text.py in the current folder; the
;; configuration comes from docs/editors/emacs.md.

(require 'eglot)
(require 'cl-lib)

(defun say (what text)
  (princ (format "%s\t%s\n" what (replace-regexp-in-string "\n" " " (format "%s" text)))))

(defun await (what seen)
  (let ((end (+ (float-time) 60)) result)
    (while (not (or (setq result (funcall seen)) (> (float-time) end)))
      (accept-process-output nil 0.1))
    (or result (error "%s: not seen in time" what))))

(defun pick (pattern)
  "Choose from the menu of code actions, as it is put before people."
  (cl-letf (((symbol-function 'completing-read)
             (lambda (_prompt choices &rest _)
               (cl-find-if (lambda (title) (string-match-p pattern title)) (mapcar #'car choices)))))
    ;; As after a key: after a click there would be a menu, and here is no screen.
    (let ((last-nonmenu-event ?x))
      (eglot-code-actions (point) (point) nil t))))

(defun actions ()
  (mapcar (lambda (action) (plist-get action :title)) (append (eglot-code-actions (point) (point)) nil)))

(defun play ()
  (fset 'y-or-n-p (lambda (&rest _) t))
  (find-file "shop/text.py")
  (python-mode)
  (apply #'eglot--connect (eglot--guess-contact))
  (await "the client" (lambda () (eglot-managed-p)))
  (goto-char (point-min))
  (search-forward "width must")
  (replace-match "the width must")
  (save-buffer)
  (goto-char (point-min))
  (search-forward "def shorten")
  (await "a fix" (lambda () (cl-find-if (lambda (title) (string-match-p "Apply fix" title)) (actions))))
  (say "diagnostic" (await "a diagnostic" (lambda ()
                                            (flymake-start nil)
                                            (let ((found (flymake-diagnostics)))
                                              (and found (flymake-diagnostic-text (car found)))))))
  (say "hover" (plist-get (plist-get (jsonrpc-request (eglot--current-server-or-lose) :textDocument/hover
                                                      (eglot--TextDocumentPositionParams))
                                     :contents)
                          :value))
  (pick "Apply fix")
  (await "the fix" (lambda () (save-excursion
                                (goto-char (point-min))
                                (search-forward "len(text) < width + 1" nil t))))
  (save-buffer)
  (pick "Generate tests")
  (say "tests" (await "the test file" (lambda () (get-file-buffer "../tests/test_text.py"))))
  (save-some-buffers t)
  (eglot-shutdown (eglot--current-server-or-lose) nil 20))

(condition-case fault
    (play)
  (error (say "fault" fault) (kill-emacs 1)))
;;; drive.el ends here
