Theme.start();
Table.start();
Overview.start();
ClipMap.start();
Explorer.start();
Mistakes.start();
Classes.start();
